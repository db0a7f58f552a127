// What cases.py wrote, and comparisons with it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { unpack } from "../../dashboard/components/shared/packing.js";

const { CVAE_CASES } = process.env;
if (!CVAE_CASES) throw new Error("Run these tests by `pytest tests/javascript`, which writes the cases.");

export const { header, arrays } = unpack(new Uint8Array(readFileSync(CVAE_CASES)));

/** As NumPy's assert_allclose compares, with the same names. */
export function assertClose(found, expected, { atol = 0, rtol = 0 }, name = "") {
  assert.equal(found.length, expected.length, name);
  for (let index = 0; index < expected.length; index++) {
    const distance = Math.abs(found[index] - expected[index]);
    const most = atol + rtol * Math.abs(expected[index]);
    assert.ok(distance <= most, `${name}[${index}]: ${found[index]}, expected ${expected[index]} within ${most}`);
  }
}

/** The fastest of several rounds, in milliseconds. */
export function fastest(rounds, work) {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    work();
    best = Math.min(best, performance.now() - begin);
  }
  return best;
}
