// @ts-check
// The way from one code to another: a slider along it, and a strip of steps for every label.

import { createElement, createSlider } from "../shared/controls.js";
import { imageCanvas, paintImage, setImageSize } from "../shared/image_canvas.js";
import { decodeAllLabels, decodeLabel } from "../shared/network.js";
import { createSurface, nameWithEpoch, savePicture } from "../shared/surface.js";
import { drawTiles } from "../shared/tile_painter.js";

const BLEND_GAP = 2;
const LARGEST_STEP = 56;

/** handlers: moved(share) while the slider moves, chosen() when it is let go. */
export function createCodeBlend(host, handlers) {
  const root = createElement("div", "blend", host);
  const bar = createElement("label", "blend-bar", root);
  const blend = {
    root, handlers, share: 0, cells: [], key: "", model: null, tiles: null, codes: null,
    from: createElement("span", "blend-end", bar),
    slider: createSlider(bar, "blend-slider", "From one to the other", { min: 0, max: 1, step: 0.01 }),
    to: createElement("span", "blend-end", bar),
    middle: createElement("div", "blend-middle", root),
    surface: createSurface(root),
    grid: null,
  };
  blend.slider.addEventListener("input", () => moveAlong(blend, blend.slider.valueAsNumber));
  blend.slider.addEventListener("change", handlers.chosen);
  blend.surface.canvas.remove();
  blend.surface.caption.hidden = true;
  blend.surface.title.textContent = "On the way";
  blend.grid = createElement("div", "blend-grid", blend.surface.stage);
  blend.grid.addEventListener("click", (event) => jumpToStep(blend, event));
  blend.surface.download.addEventListener("click", () => {
    if (blend.tiles) savePicture(drawBlend(blend), nameWithEpoch("blend.png", blend.model.epoch));
  });
  const sizes = new ResizeObserver(() => scaleSteps(blend));
  sizes.observe(blend.surface.figure);
  return {
    root,
    middle: blend.middle,
    begin: (codes, model) => beginBlend(blend, codes, model),
    dispose: () => sizes.disconnect(),
  };
}

/** model: {decoder, names, classNames, steps, invert, epoch}; another way begins at its first code, the same one goes on. */
function beginBlend(blend, codes, model) {
  const isOther = JSON.stringify(codes.map((code) => [...code])) !== JSON.stringify(blend.codes);
  Object.assign(blend, { codes: codes.map((code) => [...code]), model });
  [blend.from.textContent, blend.to.textContent] = model.names;
  buildSteps(blend);
  paintSteps(blend);
  moveAlong(blend, isOther ? 0 : blend.share);
}

function moveAlong(blend, share) {
  blend.share = share;
  if (blend.slider.valueAsNumber !== share) blend.slider.value = share;
  blend.slider.setAttribute("aria-valuetext", `${Math.round(100 * share)}% of the way`);
  const nearest = Math.round(share * (blend.model.steps - 1));
  for (const { canvas, step } of blend.cells) canvas.classList.toggle("current", step === nearest);
  blend.handlers.moved(codeOnBlend(blend, share), share);
}

/** In double precision, rounded at the end, as style.blend does it. */
function codeOnBlend({ codes: [from, to] }, share) {
  return Float32Array.from(from, (z, dimension) => (1 - share) * z + share * to[dimension]);
}

function buildSteps(blend) {
  const { decoder, classNames, steps } = blend.model;
  const rows = decoder.conditional ? classNames : [""];
  const key = JSON.stringify([rows, steps, decoder.imageShape]);
  if (key === blend.key) return;
  blend.key = key;
  blend.grid.replaceChildren();
  blend.grid.style.gridTemplateColumns = `minmax(0, max-content) repeat(${steps}, max-content)`;
  blend.cells = rows.flatMap((name, label) => {
    createElement("span", "blend-name", blend.grid, name);
    return Array.from({ length: steps }, (_, step) => {
      const canvas = imageCanvas(blend.grid, "pixels", decoder.imageShape);
      const title = `${name}, ${Math.round((100 * step) / (steps - 1))}% of the way`;
      canvas.setAttribute("aria-label", title);
      canvas.title = title;
      return { canvas, label, step };
    });
  });
  scaleSteps(blend);
}

function scaleSteps({ surface, grid, cells, model }) {
  if (!cells.length || !surface.figure.clientWidth) return;
  const [height, width] = model.decoder.imageShape;
  const names = Math.max(...[...grid.querySelectorAll(".blend-name")].map((name) => name.scrollWidth));
  const room = (surface.figure.clientWidth - Math.min(names, 96) - model.steps * BLEND_GAP - 6) / model.steps;
  const whole = Math.floor(Math.min(room, LARGEST_STEP) / width);
  const scale = whole >= 1 ? whole : Math.min(1, room / width);
  for (const { canvas } of cells) setImageSize(canvas, width * scale, height * scale);
}

function paintSteps(blend) {
  const { model, cells } = blend;
  const { decoder, steps, invert } = model;
  const pixels = decoder.imageShape.reduce((product, size) => product * size, 1);
  const rows = cells.length / steps;
  const values = new Float32Array(cells.length * pixels);
  for (let step = 0; step < steps; step++) {
    const code = codeOnBlend(blend, step / (steps - 1));
    const images = decoder.conditional ? decodeAllLabels(decoder, code) : decodeLabel(decoder, code, 0);
    for (let row = 0; row < rows; row++) {
      values.set(images.subarray(row * pixels, (row + 1) * pixels), (row * steps + step) * pixels);
    }
  }
  cells.forEach(({ canvas }, at) => {
    const image = values.subarray(at * pixels, (at + 1) * pixels);
    paintImage(canvas, image, { imageShape: decoder.imageShape, invert });
  });
  blend.tiles = { shape: [rows, steps, ...decoder.imageShape], values };
}

function jumpToStep(blend, { target }) {
  const cell = blend.cells.find(({ canvas }) => canvas === target);
  if (!cell) return;
  moveAlong(blend, cell.step / (blend.model.steps - 1));
  blend.handlers.chosen();
}

function drawBlend({ surface, tiles, model }) {
  const rows = model.decoder.conditional ? model.classNames : [];
  return drawTiles(surface.figure, tiles, { row_labels: rows, column_labels: [], invert: model.invert });
}
