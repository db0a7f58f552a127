// Where things stand in pictures: planes, tiles, and the way from a place to a code and back.

import assert from "node:assert/strict";
import { test } from "node:test";

import { covarianceAxes, pathAlphas, planeFrame, planeTicks } from "../../dashboard/components/latent/painter.js";
import {
  codeToPlace,
  isOnPlane,
  placeToCode,
  wholeCode,
} from "../../dashboard/components/manifold/lens_plane.js";
import { inkStrokes, PAD_SIZE } from "../../dashboard/components/drawing/brush.js";
import { fitTile } from "../../dashboard/components/shared/tile_painter.js";
import { toyFrame } from "../../dashboard/components/toy/painter.js";
import { assertClose } from "./cases.js";

const PLANE = {
  rect: { left: 10, top: 20, width: 300, height: 150 },
  columns: 15,
  rows: 15,
  quantiles: [0.05, 0.95],
  dimensions: [2, 0],
  base: [1, 2, 3],
};

test("the latent plane is a square around zero, upwards along y", () => {
  const frame = planeFrame({ limit: 5 }, 560);
  assert.equal(frame.x(-5), frame.left);
  assert.equal(frame.x(5), frame.left + frame.side);
  assert.equal(frame.y(5), frame.top);
  assert.equal(frame.y(-5), frame.top + frame.side);
  assertClose([frame.x(1) - frame.x(0)], [frame.y(0) - frame.y(1)], { atol: 1e-9 });
});

test("ticks are round numbers on both sides of zero", () => {
  assert.deepEqual(planeTicks(5), [-4, -2, 0, 2, 4]);
  assert.deepEqual(planeTicks(1), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(planeTicks(30), [-30, -20, -10, 0, 10, 20, 30]);
});

test("the axes of a covariance are its eigenvalues and its direction", () => {
  const [major, minor, angle] = [3, 0.5, 0.7];
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const a = (major * c) ** 2 + (minor * s) ** 2;
  const b = (major ** 2 - minor ** 2) * c * s;
  const d = (major * s) ** 2 + (minor * c) ** 2;
  const found = covarianceAxes(a, b, d);
  assertClose([found.major, found.minor, found.angle], [major, minor, angle], { atol: 1e-12 });
  assert.deepEqual(covarianceAxes(0, 0, 0), { major: 0, minor: 0, angle: 0 });
});

test("the path of a pinned image is strongest around the epoch that is shown", () => {
  const alphas = pathAlphas({ epochs: [0, 1, 5, 10, 100], at: 2 });
  assert.equal(Math.max(...alphas), alphas[2]);
  assert.ok(alphas[1] > alphas[0] && alphas[3] > alphas[4]);
});

test("a place on the manifold has the code of its quantiles, and leads back to it", () => {
  assertClose(placeToCode(PLANE, 160, 95), [0, 0], { atol: 1e-12 });
  // The centres of the outer tiles are at the outer quantiles; beyond them nothing changes.
  const corner = placeToCode(PLANE, 20, 25);
  assertClose(corner, [-1.6448536269514722, -1.6448536269514722], { atol: 1e-12 });
  assertClose(placeToCode(PLANE, 10, 20), corner, { atol: 1e-12 });
  for (const [left, top] of [[20, 25], [133, 47], [299, 160]]) {
    const place = codeToPlace(PLANE, placeToCode(PLANE, left, top));
    assertClose([place.left, place.top], [left, top], { atol: 1e-9 });
  }
});

test("a plane with one axis has one number, in the middle of its height", () => {
  const line = { ...PLANE, dimensions: [1, null], rows: 1 };
  assert.equal(placeToCode(line, 40, 60).length, 1);
  assert.equal(codeToPlace(line, [0]).top, 95);
});

test("the rectangle of the tiles is what counts as the plane", () => {
  assert.deepEqual([[10, 20], [309, 169], [9, 50], [310, 50]].map((place) => isOnPlane(PLANE, ...place)), [
    true,
    true,
    false,
    false,
  ]);
});

test("the code of all dimensions holds the plane's own ones in their places", () => {
  assert.deepEqual([...wholeCode(PLANE, [-1, 0.5])], [0.5, 2, -1]);
});

test("a tile is a whole number of screen pixels, and of the image's own where that fits", () => {
  assert.equal(fitTile(60, 28, 1), 56);
  assert.equal(fitTile(40, 28, 1), 40);
  assert.equal(fitTile(30, 28, 2), 28);
  assert.equal(fitTile(0.2, 28, 1), 1);
});

test("the toy data's plane has one scale along both axes", () => {
  const frame = toyFrame([-1, 3, 0, 2], 452);
  const found = [frame.x(0) - frame.x(-1), frame.x(3), frame.y(0)];
  assertClose(found, [frame.y(0) - frame.y(1), 452 - frame.x(-1), frame.height - frame.y(2)], { atol: 1e-9 });
});

test("ink is full in the middle of a stroke, fades at its edge, and never gets less", () => {
  const dot = { x: 100, y: 100, radius: 10 };
  const line = [dot, { x: 140, y: 100, radius: 10 }];
  const at = (paper, x, y) => paper[y * PAD_SIZE + x];
  const paper = inkStrokes([line]);
  assert.equal(at(paper, 120, 100), 255);
  assert.ok(at(paper, 120, 109) > 0 && at(paper, 120, 109) < 255);
  assert.equal(at(paper, 120, 116), 0);
  const more = inkStrokes([line, [dot]]);
  assert.ok(more.every((ink, index) => ink >= paper[index]));
  assert.ok(inkStrokes([]).every((ink) => ink === 0));
});

test("strokes beyond the paper leave ink on the paper alone", () => {
  const paper = inkStrokes([[{ x: -5, y: PAD_SIZE + 5, radius: 20 }]]);
  assert.equal(paper.length, PAD_SIZE * PAD_SIZE);
  assert.ok(paper[(PAD_SIZE - 1) * PAD_SIZE] > 0);
});
