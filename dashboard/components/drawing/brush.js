// @ts-check
// A round brush with a soft edge, drawn into plain bytes: the same strokes give the same picture on every screen.

export const PAD_SIZE = 280;
// Shares of the brush's radius within which ink is full, and beyond which there is none.
const FULL_INK = 0.55;
const NO_INK = 1.45;

/** Dark, PAD_SIZE x PAD_SIZE bytes, row by row. */
export function blankPaper() {
  return new Uint8Array(PAD_SIZE * PAD_SIZE);
}

/**
 * Adds a straight piece of a stroke; ink that is there never gets darker.
 * @param from, to {x, y, radius} in pixels of the paper
 * @returns the rectangle that was touched, {left, top, width, height}
 */
export function inkSegment(paper, from, to) {
  const box = segmentBox(from, to);
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const square = dx * dx + dy * dy;
  for (let y = box.top; y < box.top + box.height; y++) {
    for (let x = box.left; x < box.left + box.width; x++) {
      const along = square ? ((x + 0.5 - from.x) * dx + (y + 0.5 - from.y) * dy) / square : 0;
      const share = Math.min(1, Math.max(0, along));
      const distance = Math.hypot(x + 0.5 - from.x - share * dx, y + 0.5 - from.y - share * dy);
      const ink = inkAt(distance / (from.radius + share * (to.radius - from.radius)));
      const at = y * PAD_SIZE + x;
      if (ink > paper[at]) paper[at] = ink;
    }
  }
  return box;
}

/** 0 to 255, by the distance from the stroke's middle in radii: a smooth step. */
function inkAt(distance) {
  const share = Math.min(1, Math.max(0, (NO_INK - distance) / (NO_INK - FULL_INK)));
  return Math.round(255 * share * share * (3 - 2 * share));
}

function segmentBox(from, to) {
  const reach = Math.max(from.radius, to.radius) * NO_INK;
  const inside = (value) => Math.min(PAD_SIZE, Math.max(0, value));
  const left = inside(Math.floor(Math.min(from.x, to.x) - reach));
  const top = inside(Math.floor(Math.min(from.y, to.y) - reach));
  const right = inside(Math.ceil(Math.max(from.x, to.x) + reach));
  const bottom = inside(Math.ceil(Math.max(from.y, to.y) + reach));
  return { left, top, width: right - left, height: bottom - top };
}

/** A stroke is its points; one point alone is a dot. */
function inkStroke(paper, points) {
  points.forEach((point, index) => inkSegment(paper, points[Math.max(0, index - 1)], point));
}

/** All strokes on new paper. */
export function inkStrokes(strokes) {
  const paper = blankPaper();
  for (const points of strokes) inkStroke(paper, points);
  return paper;
}
