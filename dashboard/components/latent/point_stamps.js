// @ts-check
// Stamps points straight into pixels. Ten thousand drawing calls on a canvas would take the time of many frames.

// A stamp is kept for each quarter of a pixel that a point may stand at, so that moving points glide.
const PHASES = 4;
const CHANNELS = 4;

/** What is kept between two drawings of the same picture. */
export function createPointLayer() {
  return { image: null, key: "", stamps: [], content: [] };
}

/**
 * Draws all points inside the frame; those of other labels than the chosen one are faded and lie below.
 * The patch is opaque: it covers the frame's whole plane with the theme's background. What was stamped last time is
 * not stamped again.
 */
export function stampPoints(context, layer, { frame, points, chosen }, theme, radius) {
  const ratio = context.getTransform().a;
  const reach = Math.ceil(radius * ratio * 1.5) + 1;
  const left = Math.round(frame.left * ratio);
  const top = Math.round(frame.top * ratio);
  const side = Math.round(frame.side * ratio);
  const place = { size: side + 2 * reach, reach, ratio, left: left - reach, top: top - reach, side };
  prepareLayer(context, layer, place.size, theme, radius * ratio);
  const content = [layer.image, frame.scale, points.x, points.y, points.labels, chosen];
  if (content.some((part, index) => part !== layer.content[index])) {
    stampAll(layer, place, { frame, points, chosen }, theme, radius * ratio);
    layer.content = content;
  }
  // The image is one reach wider on every side than what is shown of it, so points at the border need no clipping.
  context.putImageData(layer.image, place.left, place.top, reach, reach, side, side);
}

function stampAll(layer, place, { frame, points, chosen }, theme, radius) {
  new Uint32Array(layer.image.data.buffer).fill(layer.background);
  const stamp = (isWanted, alpha) => {
    const { x, y, labels } = points;
    const { reach, side, ratio } = place;
    // The map from codes to pixels is affine: two numbers an axis are faster than ten thousand calls.
    const [originX, stepX] = [frame.x(0) * ratio - place.left, (frame.x(1) - frame.x(0)) * ratio];
    const [originY, stepY] = [frame.y(0) * ratio - place.top, (frame.y(1) - frame.y(0)) * ratio];
    for (let index = 0; index < x.length; index++) {
      if (chosen !== null && (labels[index] === chosen) !== isWanted) continue;
      const column = originX + x[index] * stepX;
      const row = originY + y[index] * stepY;
      if (!(column >= reach && row >= reach && column < reach + side && row < reach + side)) continue;
      const shape = stampFor(layer, place, theme, labels[index], alpha, radius, column, row);
      blend(layer.image.data, place.size * Math.floor(row) + Math.floor(column), shape);
    }
  };
  if (chosen !== null) stamp(false, 0.06);
  stamp(true, 0.85);
}

/** Gives the layer an image of the wanted size; stamps of another size or theme are forgotten. */
function prepareLayer(context, layer, size, theme, radius) {
  const key = [size, radius, theme.background, ...theme.colors].join("|");
  if (layer.key === key) return;
  layer.key = key;
  layer.stamps = [];
  layer.image = context.createImageData(size, size);
  layer.background = opaquePixel(theme.background);
}

/** A colour as the browser stores it in one pixel. */
function opaquePixel(color) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0];
}

function stampFor(layer, place, theme, label, alpha, radius, column, row) {
  const phaseX = Math.floor((column - Math.floor(column)) * PHASES);
  const phaseY = Math.floor((row - Math.floor(row)) * PHASES);
  const key = ((label * PHASES + phaseX) * PHASES + phaseY) * 2 + (alpha > 0.5 ? 1 : 0);
  let stamp = layer.stamps[key];
  if (!stamp) {
    const [x, y] = [phaseX, phaseY].map((phase) => place.reach + (phase + 0.5) / PHASES);
    stamp = makeStamp(label, theme, alpha, radius, x, y, place);
    layer.stamps[key] = stamp;
  }
  return stamp;
}

/** One label's mark as the pixels that it covers: where they are, and what they add to what lies below. */
function makeStamp(label, theme, alpha, radius, x, y, { reach, size }) {
  const edge = 2 * reach + 1;
  const context = paintMarkShape(edge, label, theme, alpha, radius, x, y);
  const source = context.getImageData(0, 0, edge, edge).data;
  const covered = [];
  for (let i = 0; i < edge * edge; i++) if (source[CHANNELS * i + 3]) covered.push(i);
  const stamp = {
    offsets: new Int32Array(covered.length),
    adds: new Float32Array(3 * covered.length),
    keeps: new Float32Array(covered.length),
  };
  covered.forEach((pixel, k) => {
    const dx = (pixel % edge) - reach;
    const dy = Math.floor(pixel / edge) - reach;
    const opacity = source[CHANNELS * pixel + 3] / 255;
    stamp.offsets[k] = CHANNELS * (dy * size + dx);
    stamp.keeps[k] = 1 - opacity;
    for (let channel = 0; channel < 3; channel++) {
      stamp.adds[3 * k + channel] = source[CHANNELS * pixel + channel] * opacity;
    }
  });
  return stamp;
}

export function paintMarkShape(edge, label, theme, alpha, radius, x, y) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = edge;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.globalAlpha = alpha;
  context.fillStyle = theme.colors[label % theme.colors.length];
  traceShape(context, label, theme, x, y, radius);
  context.fill();
  return context;
}

/** Labels beyond the palette reuse its colours with another shape. */
function traceShape(context, label, theme, x, y, radius) {
  const shape = Math.floor(label / theme.colors.length) % 4;
  const corners = [0, 4, 3, 4][shape];
  const turn = [0, Math.PI / 4, -Math.PI / 2, 0][shape];
  context.beginPath();
  if (!corners) context.arc(x, y, radius, 0, 2 * Math.PI);
  for (let corner = 0; corner < corners; corner++) {
    const angle = turn + (2 * Math.PI * corner) / corners;
    context.lineTo(x + 1.2 * radius * Math.cos(angle), y + 1.2 * radius * Math.sin(angle));
  }
  context.closePath();
}

function blend(pixels, pixel, { offsets, adds, keeps }) {
  const base = CHANNELS * pixel;
  for (let k = 0, add = 0; k < offsets.length; k++, add += 3) {
    const at = base + offsets[k];
    const keep = keeps[k];
    pixels[at] = pixels[at] * keep + adds[add];
    pixels[at + 1] = pixels[at + 1] * keep + adds[add + 1];
    pixels[at + 2] = pixels[at + 2] * keep + adds[add + 2];
  }
}
