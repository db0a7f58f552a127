// Pictures brought to MNIST's form, and all the way to their ten versions, against Python.

import assert from "node:assert/strict";
import { test } from "node:test";

import { mnistForm } from "../../dashboard/components/drawing/preprocessing.js";
import { affineChain, decodeAllLabels, readDecoder, readLayers } from "../../dashboard/components/shared/network.js";
import { arrays, assertClose, header } from "./cases.js";

const shapes = new Map(header.pictures.map((picture) => [picture.name, picture.image_shape]));

function formOf(name) {
  const { shape: [height, width, channels], values } = arrays[`${name}/picture`];
  return mnistForm(values, height, width, channels, shapes.get(name));
}

for (const { name, problem } of header.pictures) {
  test(`${name}: as in Python`, () => {
    const found = formOf(name);
    assert.equal(found.problem, problem);
    if (problem) assert.equal(found.image, null);
    else assertClose(found.image, arrays[`${name}/formed`].values, { atol: 1e-6, rtol: 1e-7 }, name);
  });
}

test("what holds no drawing is refused", () => {
  const refused = header.pictures.filter(({ problem }) => problem).map(({ name }) => name);
  assert.deepEqual(new Set(refused), new Set(["nothing", "one dot", "flat", "long"]));
});

for (const [name, label] of header.redrawn) {
  test(`${name}: redrawn under every label as in Python`, () => {
    const tutorial = header.networks.find((entry) => entry.name === "tutorial");
    const layers = readLayers(tutorial.chain, arrays, "tutorial/chain");
    const z = affineChain(layers, formOf(name).image, label);
    const images = decodeAllLabels(readDecoder(tutorial.decoder, arrays, "tutorial/decoder"), z);
    assertClose(z, arrays[`${name}/redrawn/z`].values, { atol: 1e-5 }, name);
    assertClose(images, arrays[`${name}/redrawn/images`].values, { atol: 1e-5 }, name);
  });
}
