// Networks and the normal distribution, against NumPy and SciPy.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  decodeLogits,
  elbosOfLabels,
  encodeAllLabels,
  oddsOfLabels,
  rankedLabels,
  readEncoder,
  unitRange,
} from "../../dashboard/components/shared/classification.js";
import {
  affineChain,
  decodeAllLabels,
  decodeLabel,
  readDecoder,
  readLayers,
} from "../../dashboard/components/shared/network.js";
import { normalCdf, normalQuantile } from "../../dashboard/components/shared/normal.js";
import { arrays, assertClose, header } from "./cases.js";

for (const { name, decoder: decoderHeader, encoder: encoderHeader, chain } of header.networks) {
  const of = (what) => arrays[`${name}/${what}`]?.values;
  const decoder = readDecoder(decoderHeader, arrays, `${name}/decoder`);
  const encoder = readEncoder(encoderHeader, arrays, `${name}/encoder`);
  const pixels = unitRange(of("image"));
  const posterior = encodeAllLabels(encoder, pixels);
  const elbos = elbosOfLabels(decoder, posterior, pixels);

  test(`${name}: a code is decoded under all labels and under one`, () => {
    const expected = of("decoded");
    const size = expected.length / decoder.labels;
    assertClose(decodeAllLabels(decoder, of("z")), expected, { atol: 1e-5 }, name);
    assertClose(decodeLabel(decoder, of("z"), 2), expected.subarray(2 * size, 3 * size), { atol: 1e-5 }, name);
  });

  test(`${name}: an image is encoded under one label`, () => {
    const layers = readLayers(chain, arrays, `${name}/chain`);
    const found = affineChain(layers, of("pixels"), decoder.conditional ? 1 : null);
    assertClose(found, of("encoded"), { atol: 2e-5 }, name);
  });

  test(`${name}: posteriors and logits under every label`, () => {
    assertClose(posterior.zMean, of("z_mean"), { atol: 1e-5 }, name);
    assertClose(posterior.zLogVar, of("z_log_var"), { atol: 1e-5 }, name);
    const labels = Array.from(elbos, (_, label) => label);
    assertClose(decodeLogits(decoder, posterior.zMean, labels), of("logits"), { atol: 1e-4 }, name);
  });

  test(`${name}: ELBOs, odds and ranking of the labels`, () => {
    if (!decoder.conditional) {
      assert.equal(posterior.zMean.length, encoder.latentDim);
      assert.deepEqual([...oddsOfLabels(elbos)], [1]);
      return;
    }
    assertClose(elbos, of("elbos"), { atol: 1e-3, rtol: 1e-7 }, name);
    assertClose(oddsOfLabels(elbos), of("odds"), { atol: 1e-3, rtol: 1e-7 }, name);
    assert.deepEqual(rankedLabels(elbos), [...of("ranking")]);
  });
}

test("the normal quantile is SciPy's", () => {
  assertClose(Array.from(arrays.p.values, normalQuantile), arrays.quantiles.values, { atol: 1e-12, rtol: 1e-12 });
  assert.deepEqual([0, 1, -0.1, 1.1].map(normalQuantile), [-Infinity, Infinity, NaN, NaN]);
});

test("the normal distribution function is SciPy's", () => {
  assertClose(Array.from(arrays.z.values, normalCdf), arrays.probabilities.values, { atol: 1e-14, rtol: 1e-7 });
});
