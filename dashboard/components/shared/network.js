// @ts-check
// A trained network as a few affine maps (decoder.py), evaluated as cvae_core/inference does, to float32.

import { normalCdf } from "./normal.js";

const LEAKY_RELU_SLOPE = 0.3;
// Rows of a kernel that are used for every example before the next ones are read: few enough to stay in the cache.
const ROWS_IN_CACHE = 64;
// Rows added to an output in one go, so that it is loaded and stored a quarter as often.
const ROWS_AT_ONCE = 4;

const MLP_ACTIVATIONS = {
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x) => Math.max(x, LEAKY_RELU_SLOPE * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => x * normalCdf(x),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** Layers [{kernel, bias, inputs, outputs, activation}] from arrays that network_arrays of decoder.py named. */
export function readLayers(activations, arrays, prefix) {
  return activations.map((activation, index) => {
    const { shape, values } = arrays[`${prefix}/${index}/kernel`];
    const bias = arrays[`${prefix}/${index}/bias`].values;
    return { kernel: values, bias, inputs: shape[0], outputs: shape[1], activation };
  });
}

/** A decoder from what decoder_blob of decoder.py gives: part of a header, and arrays. */
export function readDecoder(description, arrays, prefix = "decoder") {
  const layers = readLayers(description.activations, arrays, prefix);
  const numbers = layers.reduce((sum, { kernel, bias }) => sum + kernel.length + bias.length, 0);
  return {
    layers,
    conditional: description.conditional,
    labels: description.n_classes,
    latentDim: description.latent_dim,
    imageShape: description.image_shape,
    bytes: 4 * numbers,
  };
}

/**
 * Pixel probabilities of one code under every label.
 * @param z latent_dim numbers
 * @returns Float32Array(labels * pixels), label by label; without a condition they are all alike
 */
export function decodeAllLabels(decoder, z) {
  const [first, ...rest] = decoder.layers;
  const examples = decoder.conditional ? decoder.labels : 1;
  const shared = affineMap(first, z, 1, decoder.latentDim);
  const hidden = new Float32Array(examples * first.outputs);
  for (let label = 0; label < examples; label++) {
    hidden.set(shared, label * first.outputs);
    if (decoder.conditional) addKernelRow(first, decoder.latentDim + label, hidden, label * first.outputs);
  }
  const images = activate(restOfChain(rest, activate(hidden, first.activation), examples), "sigmoid");
  if (decoder.conditional) return images;
  const alike = new Float32Array(decoder.labels * images.length);
  for (let label = 0; label < decoder.labels; label++) alike.set(images, label * images.length);
  return alike;
}

/** Pixel probabilities of one code under one label: Float32Array(pixels). */
export function decodeLabel(decoder, z, label) {
  return activate(affineChain(decoder.layers, z, decoder.conditional ? label : null), "sigmoid");
}

/**
 * The last layer's output for one example.
 * @param x the inputs, without the label
 * @param label of a network whose first layer ends in a row for each label, otherwise null
 */
export function affineChain(layers, x, label = null) {
  const [first, ...rest] = layers;
  const hidden = affineMap(first, x, 1, x.length);
  if (label !== null) addKernelRow(first, x.length + label, hidden, 0);
  return restOfChain(rest, activate(hidden, first.activation), 1);
}

export function restOfChain(layers, x, examples) {
  return layers.reduce(
    (hidden, layer) => activate(affineMap(layer, hidden, examples, layer.inputs), layer.activation),
    x,
  );
}

export function activate(x, activation) {
  if (activation === "linear") return x;
  const apply = MLP_ACTIVATIONS[activation];
  for (let index = 0; index < x.length; index++) x[index] = apply(x[index]);
  return x;
}

/** A label's row of the first kernel: what a one-hot input would pick. */
export function addKernelRow({ kernel, outputs }, row, result, offset) {
  for (let column = 0; column < outputs; column++) result[offset + column] += kernel[row * outputs + column];
}

/** x @ kernel + bias for examples of `inputs` numbers each; a kernel that has more rows uses its first ones. */
export function affineMap({ kernel, bias, outputs }, x, examples, inputs) {
  const result = new Float32Array(examples * outputs);
  for (let example = 0; example < examples; example++) result.set(bias, example * outputs);
  const rows = new Int32Array(ROWS_IN_CACHE);
  for (let begin = 0; begin < inputs; begin += ROWS_IN_CACHE) {
    const end = Math.min(inputs, begin + ROWS_IN_CACHE);
    // Two examples at a time share what is loaded of the kernel; of an odd number the last one is alone.
    for (let example = 0; example < examples; example += 2) {
      const [one, other] = [example, Math.min(example + 1, examples - 1)];
      let count = 0;
      for (let row = begin; row < end; row++) {
        if (x[one * inputs + row] !== 0 || x[other * inputs + row] !== 0) rows[count++] = row;
      }
      const used = rows.subarray(0, count);
      if (one === other) addRows(kernel, outputs, x, one * inputs, used, result, one * outputs);
      else addRowsToPair(kernel, outputs, x, one * inputs, inputs, used, result, one * outputs);
    }
  }
  return result;
}

/** Adds x[row] * kernel[row] for some rows. */
function addRows(kernel, outputs, x, offset, rows, result, target) {
  let index = 0;
  for (; index + ROWS_AT_ONCE <= rows.length; index += ROWS_AT_ONCE) {
    const [a, b, c, d] = [rows[index], rows[index + 1], rows[index + 2], rows[index + 3]];
    const [xa, xb, xc, xd] = [x[offset + a], x[offset + b], x[offset + c], x[offset + d]];
    const [ka, kb, kc, kd] = [a * outputs, b * outputs, c * outputs, d * outputs];
    for (let column = 0; column < outputs; column++) {
      result[target + column] +=
        xa * kernel[ka + column] + xb * kernel[kb + column] + xc * kernel[kc + column] + xd * kernel[kd + column];
    }
  }
  for (; index < rows.length; index++) {
    const [factor, row] = [x[offset + rows[index]], rows[index] * outputs];
    for (let column = 0; column < outputs; column++) result[target + column] += factor * kernel[row + column];
  }
}

/** The same for an example and the next one, whose numbers begin `inputs` later. */
function addRowsToPair(kernel, outputs, x, offset, inputs, rows, result, target) {
  const next = offset + inputs;
  const second = target + outputs;
  let index = 0;
  for (; index + ROWS_AT_ONCE <= rows.length; index += ROWS_AT_ONCE) {
    const [a, b, c, d] = [rows[index], rows[index + 1], rows[index + 2], rows[index + 3]];
    const [xa, xb, xc, xd] = [x[offset + a], x[offset + b], x[offset + c], x[offset + d]];
    const [ya, yb, yc, yd] = [x[next + a], x[next + b], x[next + c], x[next + d]];
    const [ka, kb, kc, kd] = [a * outputs, b * outputs, c * outputs, d * outputs];
    for (let column = 0; column < outputs; column++) {
      const wa = kernel[ka + column];
      const wb = kernel[kb + column];
      const wc = kernel[kc + column];
      const wd = kernel[kd + column];
      result[target + column] += xa * wa + xb * wb + xc * wc + xd * wd;
      result[second + column] += ya * wa + yb * wb + yc * wc + yd * wd;
    }
  }
  addRows(kernel, outputs, x, offset, rows.subarray(index), result, target);
  addRows(kernel, outputs, x, next, rows.subarray(index), result, second);
}
