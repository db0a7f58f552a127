// @ts-check
// Paints the plane of the disconnected manifold: noisy points, the true curves, reconstructions, and what a code decodes to.

const TOY_MARGIN = 26;
const TOY_TEXT = 12;
// A thin veil over white; on black the same would be too faint to see.
const DATA_ALPHA = { light: 0.28, dark: 0.5 };
export const LARGEST_TOY = 620;
// Off the manifold, in both themes, to eyes of every kind: vermilion, after Okabe and Ito.
const OFF_MANIFOLD = "#d55e00";

/** Maps coordinates to CSS pixels, the same scale along both axes. */
export function toyFrame([left, right, bottom, top], width) {
  const scale = (width - 2 * TOY_MARGIN) / (right - left);
  return {
    width,
    height: (top - bottom) * scale + 2 * TOY_MARGIN,
    x: (x) => TOY_MARGIN + (x - left) * scale,
    y: (y) => TOY_MARGIN + (top - y) * scale,
    extent: { left, right, bottom, top },
  };
}

/** What stays while the epochs go by: the frame, the data and the true curves. */
export function paintToyData(context, frame, { points, labels, pieces }, shown, theme) {
  paintToyAxes(context, frame, theme);
  if (shown.data) {
    context.globalAlpha = DATA_ALPHA[theme.scheme];
    scatterPoints(context, frame, points, labels, theme, 2);
  }
  context.globalAlpha = 0.9;
  context.strokeStyle = theme.text;
  context.lineWidth = 1.25;
  context.setLineDash([3, 3]);
  if (shown.truth) pieces.forEach((piece) => traceLine(context, frame, piece, 0, piece.length / 2));
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function paintToyAxes(context, frame, theme) {
  const { left, right, bottom, top } = frame.extent;
  context.strokeStyle = theme.border;
  context.lineWidth = 1;
  context.strokeRect(frame.x(left), frame.y(top), frame.x(right) - frame.x(left), frame.y(bottom) - frame.y(top));
  context.fillStyle = theme.text;
  context.globalAlpha = 0.75;
  context.font = `${TOY_TEXT}px ${theme.font}`;
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const tick of wholeNumbers(left, right)) context.fillText(minus(tick), frame.x(tick), frame.y(bottom) + 12);
  context.textAlign = "right";
  for (const tick of wholeNumbers(bottom, top)) context.fillText(minus(tick), frame.x(left) - 6, frame.y(tick));
  context.globalAlpha = 1;
}

function wholeNumbers(low, high) {
  const first = Math.ceil(low);
  return Array.from({ length: Math.floor(high) - first + 1 }, (_, index) => first + index);
}

function minus(value) {
  return String(value).replace("-", "−");
}

/** What an epoch's model makes of the data, and of every code on the way through its range. */
export function paintToyModel(context, frame, { reconstruction, sweep, off, labels }, shown, theme) {
  if (shown.reconstruction) {
    context.globalAlpha = 0.8;
    scatterPoints(context, frame, reconstruction.values, labels, theme, 3);
    context.globalAlpha = 1;
  }
  if (!shown.sweep || !sweep) return;
  const [lines, length] = sweep.shape;
  for (let line = 0; line < lines; line++) {
    const values = sweep.values.subarray(2 * line * length, 2 * (line + 1) * length);
    strokeSweep(context, frame, values, off.values.subarray(line * length, (line + 1) * length), theme);
  }
}

/** The decoded curve with a halo, so that it stands out from the points; where it is off the manifold in vermilion. */
function strokeSweep(context, frame, values, off, theme) {
  context.lineJoin = "round";
  context.lineCap = "round";
  context.strokeStyle = theme.background;
  context.lineWidth = 6;
  traceLine(context, frame, values, 0, off.length);
  for (let begin = 0; begin < off.length - 1; ) {
    let end = begin + 1;
    while (end < off.length - 1 && off[end] === off[begin]) end++;
    context.strokeStyle = off[begin] ? OFF_MANIFOLD : theme.text;
    context.lineWidth = off[begin] ? 3.5 : 2;
    traceLine(context, frame, values, begin, end + 1);
    begin = end;
  }
}

function traceLine(context, frame, values, begin, end) {
  context.beginPath();
  for (let index = begin; index < end; index++) {
    context.lineTo(frame.x(values[2 * index]), frame.y(values[2 * index + 1]));
  }
  context.stroke();
}

/** Small squares, one colour at a time: changing the colour for each point would take most of the time. */
function scatterPoints(context, frame, values, labels, theme, size) {
  const count = Math.max(...labels) + 1;
  for (let label = 0; label < count; label++) {
    context.fillStyle = theme.colors[label % theme.colors.length];
    for (let index = 0; index < labels.length; index++) {
      if (labels[index] !== label) continue;
      context.fillRect(frame.x(values[2 * index]) - size / 2, frame.y(values[2 * index + 1]) - size / 2, size, size);
    }
  }
}
