// @ts-check
// From a place on the manifold's picture to a code and back: linear in probability, then the normal quantile.
// A plane has one axis or two; probabilities and codes are arrays with a number for each.

import { normalCdf, normalQuantile } from "../shared/normal.js";

export function planeAxes({ rect, columns, rows, dimensions }) {
  const across = { begin: rect.left, length: rect.width, steps: columns };
  const down = { begin: rect.top, length: rect.height, steps: rows };
  return dimensions[1] === null ? [across] : [across, down];
}

export function isOnPlane({ rect }, left, top) {
  return left >= rect.left && left < rect.left + rect.width && top >= rect.top && top < rect.top + rect.height;
}

/** The centres of the outer tiles are at the outer quantiles; beyond them the probability stays what it is there. */
function placeToProbabilities(plane, left, top) {
  const { low, high } = quantileRange(plane);
  return planeAxes(plane).map(({ begin, length, steps }, axis) => {
    if (steps === 1) return (low + high) / 2;
    const tile = (((axis === 0 ? left : top) - begin) / length) * steps - 0.5;
    return clampProbability(plane, low + (tile * (high - low)) / (steps - 1));
  });
}

function probabilitiesToPlace(plane, probabilities) {
  const { low, high } = quantileRange(plane);
  const [left, top] = planeAxes(plane).map(({ begin, length, steps }, axis) => {
    const tile = steps === 1 ? 0 : ((probabilities[axis] - low) / (high - low)) * (steps - 1);
    return begin + ((tile + 0.5) / steps) * length;
  });
  return { left, top: top ?? plane.rect.top + plane.rect.height / 2 };
}

/** Where a code is on the picture, at its edge if it lies outside. */
export function codeToPlace(plane, code) {
  return probabilitiesToPlace(plane, codeToProbabilities(plane, code));
}

export function codeToProbabilities(plane, code) {
  return code.map((z) => clampProbability(plane, normalCdf(z)));
}

export function placeToCode(plane, left, top) {
  return placeToProbabilities(plane, left, top).map(normalQuantile);
}

function quantileRange({ quantiles: [low, high] }) {
  return { low, high };
}

export function clampProbability({ quantiles: [low, high] }, probability) {
  return Math.min(high, Math.max(low, probability));
}

/** The code of all latent dimensions: the plane's own ones, and what the others hold. */
export function wholeCode({ base, dimensions }, code) {
  const whole = Float32Array.from(base);
  code.forEach((z, axis) => (whole[dimensions[axis]] = z));
  return whole;
}

/** The code at a share of the way from one to another. */
export function codeBetween(from, to, share) {
  return from.map((z, axis) => z + share * (to[axis] - z));
}

export function describeCode({ dimensions }, code) {
  return code.map((z, axis) => `z${dimensions[axis] + 1} = ${z.toFixed(2).replace("-", "−")}`).join(", ");
}
