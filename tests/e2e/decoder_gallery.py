"""A page that evaluates networks in the browser and leaves the results where the tests find them."""

from __future__ import annotations

import streamlit as st

from dashboard.components.decoder import decoder_blob, network_arrays
from dashboard.components.packing import pack, read_sources
from tests.e2e.decoder_cases import cases

GALLERY = """
export default function ({ data }) {
  const { header, arrays } = unpack(data);
  const networks = header.cases.map(({ name, decoder, encoder }) => ({
    decoder: readDecoder(decoder, arrays, `${name}/decoder`),
    encoder: readLayers(encoder, arrays, `${name}/encoder`),
    z: arrays[`${name}/z`].values,
    image: arrays[`${name}/image`].values,
  }));
  const find = (name) => networks[header.cases.findIndex((entry) => entry.name === name)];
  Object.assign(window, { normalQuantile, normalCdf });
  window.decoded = (name) => Array.from(decodeAllLabels(find(name).decoder, find(name).z));
  window.decodedOne = (name, label) => Array.from(decodeLabel(find(name).decoder, find(name).z, label));
  window.encoded = (name, label) => {
    const { decoder, encoder, image } = find(name);
    return Array.from(affineChain(encoder, image, decoder.conditional ? label : null));
  };
  window.fastestDecoding = (name) => {
    const { decoder, z } = find(name);
    return Math.min(...Array.from({ length: 60 }, () => {
      const begin = performance.now();
      decodeAllLabels(decoder, z);
      return performance.now() - begin;
    }));
  };
}
"""

mount = st.components.v2.component(
    "decoder_gallery", js=read_sources("packing.js", "normal_quantile.js", "mlp.js") + GALLERY
)
descriptions, arrays = [], {}
for name, case in cases().items():
    decoder, decoder_arrays = decoder_blob(case.network, f"{name}/decoder")
    layers = (*case.network.encoder, case.network.z_mean)
    encoder, encoder_arrays = network_arrays(layers, f"{name}/encoder")
    descriptions.append({"name": name, "decoder": decoder, "encoder": encoder})
    arrays |= {**decoder_arrays, **encoder_arrays, f"{name}/z": case.z, f"{name}/image": case.image}
mount(key="networks", data=pack({"cases": descriptions}, arrays))
st.caption("All networks are there")
