// @ts-check
// The standard normal distribution function and its inverse.
/* eslint no-loss-of-precision: "off" -- the coefficients are written as they were published */

// Wichura, Algorithm AS 241: The Percentage Points of the Normal Distribution. Applied Statistics 37 (1988), PPND16:
// numerator and denominator of three rational functions, constant first, relative accuracy about 1e-16.
const NORMAL_CENTRE = [
  [
    3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
  ],
  [
    1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
    21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852854561,
  ],
];
const NORMAL_SHOULDER = [
  [
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
  ],
  [
    1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
    0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
  ],
];
const NORMAL_TAIL = [
  [
    6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
    0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ],
  [
    1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
    7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
  ],
];
const NORMAL_SCALE = 1 / Math.sqrt(2 * Math.PI);
// Beyond, the distribution function is 0 or 1 to double precision of 1 - p.
const NORMAL_REACH = 8.5;

/** The z below which a standard normal number lies with probability p; -Infinity at 0, Infinity at 1. */
export function normalQuantile(p) {
  if (p <= 0 || p >= 1) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * rationalValue(NORMAL_CENTRE, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  const distance = r <= 5 ? rationalValue(NORMAL_SHOULDER, r - 1.6) : rationalValue(NORMAL_TAIL, r - 5);
  return Math.sign(q) * distance;
}

/** @param {number[][]} polynomials numerator and denominator, constant first */
function rationalValue([numerator, denominator], x) {
  let above = 0;
  let below = 0;
  for (let power = numerator.length - 1; power >= 0; power--) {
    above = above * x + numerator[power];
    below = below * x + denominator[power];
  }
  return above / below;
}

/**
 * Probability that a standard normal number lies below z, to an absolute 1e-15.
 * Marsaglia, Evaluating the Normal Distribution. Journal of Statistical Software 11 (2004), no. 4.
 */
export function normalCdf(z) {
  if (!(Math.abs(z) <= NORMAL_REACH)) return z > 0 ? 1 : 0;
  const square = z * z;
  let term = z;
  let sum = z;
  for (let odd = 3, before = 0; sum !== before; odd += 2) {
    before = sum;
    term *= square / odd;
    sum += term;
  }
  return 0.5 + sum * NORMAL_SCALE * Math.exp(-0.5 * square);
}
