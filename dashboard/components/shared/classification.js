// @ts-check
// Codes of an image under every label, and which label explains it best: cvae_core/evaluation/classification.py, in the browser.

import { activate, addKernelRow, affineMap, readLayers, restOfChain } from "./network.js";

/** An encoder from what encoder_blob of decoder.py gives: part of a header, and arrays. */
export function readEncoder(description, arrays, prefix = "encoder") {
  return {
    layers: readLayers(description.activations, arrays, prefix),
    zMean: readLayers(["linear"], arrays, `${prefix}/z_mean`)[0],
    zLogVar: readLayers(["linear"], arrays, `${prefix}/z_log_var`)[0],
    conditional: description.conditional,
    labels: description.n_classes,
    latentDim: description.latent_dim,
  };
}

/** Pixels from 0 to 1, as NumPy divides bytes in single precision. */
export function unitRange(bytes) {
  return Float32Array.from(bytes, (byte) => Math.fround(byte) * Math.fround(1 / 255));
}

/**
 * The posterior of one image under every label, or its only one where the encoder takes no label.
 * @param pixels 0 to 1
 * @returns {{zMean: Float32Array, zLogVar: Float32Array, examples: number}} latent_dim numbers a label, label by label
 */
export function encodeAllLabels(encoder, pixels) {
  const { layers, zMean, zLogVar } = encoder;
  const examples = encoder.conditional ? encoder.labels : 1;
  const [first, ...rest] = layers;
  const shared = affineMap(first, pixels, 1, pixels.length);
  const hidden = new Float32Array(examples * first.outputs);
  for (let label = 0; label < examples; label++) {
    hidden.set(shared, label * first.outputs);
    if (encoder.conditional) addKernelRow(first, pixels.length + label, hidden, label * first.outputs);
  }
  const last = restOfChain(rest, activate(hidden, first.activation), examples);
  const head = (layer) => affineMap(layer, last, examples, layer.inputs);
  return { zMean: head(zMean), zLogVar: head(zLogVar), examples };
}

/**
 * Logits of several codes, each under a label of its own.
 * @param codes latent_dim numbers each
 * @param labels one for each code; not looked at without a condition
 */
export function decodeLogits(decoder, codes, labels) {
  const [first, ...rest] = decoder.layers;
  const hidden = affineMap(first, codes, labels.length, decoder.latentDim);
  if (decoder.conditional) {
    labels.forEach((label, code) => addKernelRow(first, decoder.latentDim + label, hidden, code * first.outputs));
  }
  return restOfChain(rest, activate(hidden, first.activation), labels.length);
}

/** ELBO of an image under every label, in nats, at z = z_mean: Float64Array. */
export function elbosOfLabels(decoder, { zMean, zLogVar, examples }, pixels) {
  const labels = Array.from({ length: examples }, (_, label) => label);
  const logits = decodeLogits(decoder, zMean, labels);
  return Float64Array.from(labels, (label) => {
    const codes = [label * decoder.latentDim, (label + 1) * decoder.latentDim];
    const own = logits.subarray(label * pixels.length, (label + 1) * pixels.length);
    return -binaryCrossEntropy(own, pixels) - klFromPrior(zMean.subarray(...codes), zLogVar.subarray(...codes));
  });
}

/** Nats, summed over pixels (Kingma and Welling 2014, appendix C.1). */
function binaryCrossEntropy(logits, targets) {
  let nats = 0;
  for (let pixel = 0; pixel < targets.length; pixel++) {
    const logit = logits[pixel];
    nats += Math.max(logit, 0) - logit * targets[pixel] + Math.log1p(Math.exp(-Math.abs(logit)));
  }
  return nats;
}

/** KL(q(z|x, y) || N(0, I)) in nats, summed over latent dimensions (Kingma and Welling 2014, appendix B). */
function klFromPrior(zMean, zLogVar) {
  return zMean.reduce((nats, mean, dimension) => {
    const logVar = zLogVar[dimension];
    return nats + 0.5 * (mean * mean + Math.expm1(logVar) - logVar);
  }, 0);
}

/** Posterior of the labels where each is equally likely beforehand; sums to 1. */
export function oddsOfLabels(elbos) {
  const best = Math.max(...elbos);
  const odds = elbos.map((elbo) => Math.exp(elbo - best));
  const sum = odds.reduce((total, share) => total + share, 0);
  return odds.map((share) => share / sum);
}

/** Labels, the best first; of equal ones the lower comes first. */
export function rankedLabels(elbos) {
  return Array.from(elbos, (_, label) => label).sort((a, b) => elbos[b] - elbos[a] || a - b);
}
