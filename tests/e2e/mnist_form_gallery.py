"""A page that brings pictures to MNIST's form and redraws them, and leaves the results where the tests find them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.components.decoder import decoder_blob, network_arrays
from dashboard.components.packing import pack, read_sources
from tests.e2e.decoder_cases import cases
from tests.e2e.mnist_form_cases import pictures

GALLERY = """
export default function ({ data }) {
  const { header, arrays } = unpack(data);
  const decoder = readDecoder(header.decoder, arrays);
  const encoder = readLayers(header.encoder, arrays, "encoder");
  const form = (name) => {
    const { shape: [height, width, channels], values } = arrays[`picture/${name}`];
    return mnistForm(values, height, width, channels, header.shapes[name]);
  };
  const redraw = (name, label) => {
    const { image } = form(name);
    const z = affineChain(encoder, image, label);
    return { image, z, images: decodeAllLabels(decoder, z) };
  };
  window.formed = (name) => {
    const { image, problem } = form(name);
    return { image: image === null ? null : Array.from(image), problem };
  };
  window.redrawn = (name, label) => {
    const { z, images } = redraw(name, label);
    return { z: Array.from(z), images: Array.from(images) };
  };
  window.milliseconds = (name, rounds) => {
    const timed = (work) => Array.from({ length: rounds }, () => {
      const begin = performance.now();
      work();
      return performance.now() - begin;
    }).sort((a, b) => a - b);
    const chain = timed(() => redraw(name, 4));
    return { form: timed(() => form(name))[0], fastest: chain[0], median: chain[rounds >> 1] };
  };
}
"""

mount = st.components.v2.component(
    "mnist_form_gallery", js=read_sources("packing.js", "normal_quantile.js", "mlp.js", "mnist_form.js") + GALLERY
)
network = cases()["tutorial"].network
decoder, arrays = decoder_blob(network)
encoder, encoder_arrays = network_arrays((*network.encoder, network.z_mean), "encoder")
shown = pictures()
with_channels = {f"picture/{name}": np.atleast_3d(picture.pixels) for name, picture in shown.items()}
shapes = {name: list(picture.shape.image_shape) for name, picture in shown.items()}
header = {"decoder": decoder, "encoder": encoder, "shapes": shapes}
mount(key="pictures", data=pack(header, {**arrays, **encoder_arrays, **with_channels}))
st.caption("All pictures are there")
