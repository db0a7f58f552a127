// @ts-check
// Paints a latent plane: axes, points, the rings of the prior, a marked point, and a pinned one with its history.

import { createPointLayer, stampPoints } from "./point_stamps.js";
import { readTheme, sizeCanvas } from "../shared/surface.js";

const PLANE_MARGIN = { left: 34, right: 10, top: 10, bottom: 34 };
const PLANE_TEXT = 12;
const LARGEST_PLANE = 560;
// Narrower is nobody's picture: a sidebar or tab on its way in or out.
export const SMALLEST_PLANE = 96;
const PATH_ALPHA = { near: 0.95, far: 0.22 };
// After this share of the run's length a path has lost most of its strength.
const PATH_REACH = 0.15;

/** Maps z to CSS pixels: a square plane from -limit to limit, y upwards. */
export function planeFrame({ limit }, size) {
  const side = size - PLANE_MARGIN.left - PLANE_MARGIN.right;
  const scale = side / (2 * limit);
  return {
    size,
    left: PLANE_MARGIN.left,
    top: PLANE_MARGIN.top,
    side,
    scale,
    x: (z) => PLANE_MARGIN.left + (z + limit) * scale,
    y: (z) => PLANE_MARGIN.top + (limit - z) * scale,
  };
}

/** Paints a view as wide as there is room; false where there is none. Who knows width and theme saves asking. */
export function paintPlaneOnScreen(view, { width, theme } = measurePlane(view.surface)) {
  const { surface, points } = view;
  if (!points || width < SMALLEST_PLANE) return false;
  view.frame = planeFrame(points.header, Math.min(width, LARGEST_PLANE));
  paintPlane(sizeCanvas(surface.canvas, view.frame.size, view.frame.size), view, theme);
  return true;
}

export function measurePlane({ stage, figure }) {
  return { width: stage.clientWidth, theme: readTheme(figure) };
}

/** The same plane on a canvas of its own, large and without what the mouse marked. */
export function paintPlaneForExport(view) {
  const canvas = document.createElement("canvas");
  const theme = readTheme(view.surface.figure);
  const frame = planeFrame(view.points.header, LARGEST_PLANE);
  const context = sizeCanvas(canvas, frame.size, frame.size, 2);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, frame.size, frame.size);
  paintPlane(context, { ...view, frame, marked: null, layer: createPointLayer() }, theme);
  return canvas;
}

/**
 * @param view frame, points {header, x, y, labels}, layer, chosen and marked (or null), and pin (or none):
 *   {epochs, x, y, covariance, at, label}, where `at` is the place of the shown epoch among the epochs, or -1.
 */
function paintPlane(context, view, theme) {
  const { frame, points, pin, marked } = view;
  stampPoints(context, view.layer, view, theme, pointRadius(points.x.length, frame.side));
  paintPlaneAxes(context, frame, points.header, theme);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.side, frame.side);
  context.clip();
  paintPrior(context, frame, points.header, theme);
  if (pin) paintPin(context, frame, pin, theme);
  if (marked !== null) {
    strokeWithHalo(context, theme, 2, () => {
      context.arc(frame.x(points.x[marked]), frame.y(points.y[marked]), 6, 0, 2 * Math.PI);
    });
  }
  context.restore();
}

function paintPlaneAxes(context, frame, header, theme) {
  const right = frame.left + frame.side;
  const bottom = frame.top + frame.side;
  context.lineWidth = 1;
  context.strokeStyle = theme.border;
  context.strokeRect(frame.left, frame.top, frame.side, frame.side);
  context.fillStyle = theme.text;
  context.font = `${PLANE_TEXT}px ${theme.font}`;
  context.globalAlpha = 0.75;
  context.textBaseline = "middle";
  for (const tick of planeTicks(header.limit)) {
    const name = String(tick).replace("-", "−");
    context.textAlign = "center";
    context.fillText(name, frame.x(tick), bottom + 10);
    context.textAlign = "right";
    if (!header.one_dimensional) context.fillText(name, frame.left - 6, frame.y(tick));
  }
  context.textAlign = "center";
  context.fillText(header.x_title, (frame.left + right) / 2, bottom + 25);
  context.translate(8, (frame.top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(header.y_title, 0, 0);
  context.rotate(Math.PI / 2);
  context.translate(-8, -(frame.top + bottom) / 2);
  context.globalAlpha = 1;
}

/** Round numbers on both sides of zero. */
export function planeTicks(limit) {
  const step = [0.5, 1, 2, 5, 10, 20, 50].find((size) => limit / size <= 3) ?? limit / 2;
  const count = Math.floor(limit / step);
  return Array.from({ length: 2 * count + 1 }, (_, index) => (index - count) * step);
}

/** The prior's 1, 2 and 3 standard deviations: rings in a plane, pairs of lines over one dimension. */
function paintPrior(context, frame, header, theme) {
  const flat = header.one_dimensional;
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  context.font = `${PLANE_TEXT}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const sigma of [1, 2, 3]) {
    context.globalAlpha = 0.5;
    context.setLineDash([4, 4]);
    context.beginPath();
    if (flat) {
      for (const z of [-sigma, sigma]) {
        context.moveTo(frame.x(z), frame.top);
        context.lineTo(frame.x(z), frame.top + frame.side);
      }
    } else {
      context.arc(frame.x(0), frame.y(0), sigma * frame.scale, 0, 2 * Math.PI);
    }
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 0.85;
    const height = flat ? frame.top + 12 : Math.max(frame.top + PLANE_TEXT / 2 + 2, frame.y(sigma));
    paintPatchText(context, `${sigma}σ`, frame.x(flat ? sigma : 0), height, theme);
  }
  context.globalAlpha = 1;
}

/** Text on a patch of background, readable over points. */
function paintPatchText(context, text, x, y, theme) {
  const width = context.measureText(text).width + 6;
  context.fillStyle = theme.background;
  context.fillRect(x - width / 2, y - PLANE_TEXT / 2 - 1, width, PLANE_TEXT + 2);
  context.fillStyle = theme.text;
  context.fillText(text, x, y);
}

/** Fewer points are drawn larger. */
function pointRadius(count, side) {
  const crowd = count > 4000 ? 1.7 : count > 1000 ? 2.2 : count > 200 ? 3 : 4;
  return crowd * Math.max(0.8, Math.min(1.15, side / 460));
}

/** A line of the text's colour in a wider one of the background's: readable over points of every colour. */
function strokeWithHalo(context, theme, width, trace) {
  for (const [color, wide] of [[theme.background, width + 3], [theme.text, width]]) {
    context.strokeStyle = color;
    context.lineWidth = wide;
    context.beginPath();
    trace();
    context.stroke();
  }
}

/** The pinned image: its way through the epochs, and at the shown one its posterior and a mark. */
function paintPin(context, frame, pin, theme) {
  context.lineCap = context.lineJoin = "round";
  paintPinPath(context, frame, pin, theme);
  if (pin.at < 0 || !Number.isFinite(pin.x[pin.at])) return;
  const [x, y] = [frame.x(pin.x[pin.at]), frame.y(pin.y[pin.at])];
  paintPosterior(context, frame, pin, theme);
  strokeWithHalo(context, theme, 2, () => {
    for (const [right, down] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 8 * right, y + 8 * down);
      context.lineTo(x + 14 * right, y + 14 * down);
    }
  });
  strokeWithHalo(context, theme, 2, () => context.arc(x, y, 8, 0, 2 * Math.PI));
  context.fillStyle = theme.colors[pin.label % theme.colors.length];
  context.beginPath();
  context.arc(x, y, 3.5, 0, 2 * Math.PI);
  context.fill();
  context.lineCap = "butt";
  context.lineJoin = "miter";
}

/** A line through all epochs with a dot for each, strongest around the shown one; unknown places are passed over. */
function paintPinPath(context, frame, pin, theme) {
  const alphas = pathAlphas(pin);
  const known = [...alphas.keys()].filter((k) => Number.isFinite(pin.x[k]) && Number.isFinite(pin.y[k]));
  const places = known.map((k) => ({ x: frame.x(pin.x[k]), y: frame.y(pin.y[k]), alpha: alphas[k] }));
  for (const [color, width, dot] of [[theme.background, 4.5, 4], [theme.text, 1.5, 2.5]]) {
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = width;
    places.forEach(({ x, y, alpha }, index) => {
      context.globalAlpha = alpha;
      const before = places[index - 1] ?? { x, y };
      context.beginPath();
      context.moveTo(before.x, before.y);
      context.lineTo(x, y);
      context.stroke();
      context.beginPath();
      context.arc(x, y, dot, 0, 2 * Math.PI);
      context.fill();
    });
  }
  context.globalAlpha = 1;
}

/** How strong each snapshot's part of the path is, from its distance in epochs to the shown one. */
export function pathAlphas({ epochs, at }) {
  const span = Math.max(1, epochs[epochs.length - 1] - epochs[0]);
  const now = epochs[at];
  return epochs.map((epoch) => {
    if (now === undefined) return PATH_ALPHA.near / 2;
    const nearness = Math.exp(-Math.abs(epoch - now) / (PATH_REACH * span));
    return PATH_ALPHA.far + (PATH_ALPHA.near - PATH_ALPHA.far) * nearness;
  });
}

/** The pinned image's own posterior at 1 and 2 standard deviations. */
function paintPosterior(context, frame, pin, theme) {
  const [a, b, , c] = pin.covariance.subarray(4 * pin.at, 4 * pin.at + 4);
  const { major, minor, angle } = covarianceAxes(a, b, c);
  if (!(major > 0)) return;
  for (const sigma of [2, 1]) {
    strokeWithHalo(context, theme, sigma === 1 ? 1.75 : 1, () => {
      const [long, short] = [major, minor].map((length) => length * sigma * frame.scale);
      context.ellipse(frame.x(pin.x[pin.at]), frame.y(pin.y[pin.at]), long, short, -angle, 0, 2 * Math.PI);
    });
  }
}

/** Half axes of the ellipse at one standard deviation, and the long one's angle, of [[a, b], [b, c]]. */
export function covarianceAxes(a, b, c) {
  const middle = (a + c) / 2;
  const half = Math.hypot((a - c) / 2, b);
  return {
    major: Math.sqrt(Math.max(0, middle + half)),
    minor: Math.sqrt(Math.max(0, middle - half)),
    angle: Math.atan2(2 * b, a - c) / 2,
  };
}
