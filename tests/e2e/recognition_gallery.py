"""A page that encodes images under every label in the browser and leaves the results where the tests find them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.components.decoder import decoder_blob, encoder_blob
from dashboard.components.packing import pack, read_sources
from tests.e2e.decoder_cases import cases

GALLERY = """
export default function ({ data }) {
  const { header, arrays } = unpack(data);
  const find = (name) => {
    const { encoder, decoder } = header.cases.find((entry) => entry.name === name);
    return {
      encoder: readEncoder(encoder, arrays, `${name}/encoder`),
      decoder: readDecoder(decoder, arrays, `${name}/decoder`),
      pixels: unitRange(arrays[`${name}/image`].values),
    };
  };
  Object.assign(window, { createReportedValues });
  window.recognised = (name) => {
    const { encoder, decoder, pixels } = find(name);
    const posterior = encodeAllLabels(encoder, pixels);
    const elbos = elbosOfLabels(decoder, posterior, pixels);
    return {
      zMean: Array.from(posterior.zMean),
      zLogVar: Array.from(posterior.zLogVar),
      logits: Array.from(decodeLogits(decoder, posterior.zMean, Array.from(elbos, (_, label) => label))),
      elbos: Array.from(elbos),
      odds: Array.from(oddsOfLabels(elbos)),
      ranking: rankedLabels(elbos),
    };
  };
}
"""

mount = st.components.v2.component(
    "recognition_gallery",
    js=read_sources("packing.js", "normal_quantile.js", "mlp.js", "recognition.js", "reported_values.js") + GALLERY,
)
descriptions, arrays = [], {}
for name, case in cases().items():
    encoder, encoder_arrays = encoder_blob(case.network, f"{name}/encoder")
    decoder, decoder_arrays = decoder_blob(case.network, f"{name}/decoder")
    descriptions.append({"name": name, "encoder": encoder, "decoder": decoder})
    image = np.rint(255 * case.image).astype(np.uint8)
    arrays |= {**encoder_arrays, **decoder_arrays, f"{name}/image": image}
mount(key="networks", data=pack({"cases": descriptions}, arrays))
st.caption("All networks are there")
