// Milliseconds, several times what an idle machine takes: only a mistake exceeds them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { mnistForm } from "../../dashboard/components/drawing/preprocessing.js";
import { affineChain, decodeAllLabels, readDecoder, readLayers } from "../../dashboard/components/shared/network.js";
import { arrays, fastest, header } from "./cases.js";

const ROUNDS = 60;
const decoderOf = (name) => {
  const { decoder } = header.networks.find((entry) => entry.name === name);
  return readDecoder(decoder, arrays, `${name}/decoder`);
};

for (const [name, budget] of [["tutorial", 12], ["two wide layers", 36]]) {
  test(`${name}: all ten labels keep up with the pointer`, () => {
    const decoder = decoderOf(name);
    assert.ok(fastest(ROUNDS, () => decodeAllLabels(decoder, arrays[`${name}/z`].values)) < budget);
  });
}

test("from a drawing to its ten versions within the time between two frames", () => {
  const decoder = decoderOf("tutorial");
  const { chain } = header.networks.find((entry) => entry.name === "tutorial");
  const layers = readLayers(chain, arrays, "tutorial/chain");
  const { shape: [height, width, channels], values } = arrays["light on transparent/picture"];
  assert.deepEqual([height, width, channels], [280, 280, 4]);
  const redraw = () => {
    const { image } = mnistForm(values, height, width, channels, [28, 28, 1]);
    decodeAllLabels(decoder, affineChain(layers, image, 4));
  };
  assert.ok(fastest(ROUNDS, redraw) < 16);
});
