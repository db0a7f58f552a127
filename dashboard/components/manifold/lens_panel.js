// @ts-check
// Beside the plane: the image of one code under every label, the code in numbers, and the controls of an interpolation.

import { codesAlong, createInterpolationControls, INTERPOLATION_STEPS } from "./interpolation.js";
import { describeCode, wholeCode } from "./lens_plane.js";
import { createElement, createIconButton } from "../shared/controls.js";
import { imageCanvas, paintImage, setImageSize } from "../shared/image_canvas.js";
import { createLabelCell, markOwn } from "../shared/label_cells.js";
import { decodeAllLabels, decodeLabel } from "../shared/network.js";
import { nameWithEpoch, savePicture } from "../shared/surface.js";
import { drawTiles } from "../shared/tile_painter.js";

const LARGEST_SCALE = 4;
const SMALLEST_SCALE = 2;
const WIDEST_IMAGE = 112;
const CELLS_IN_A_ROW = 5;
const CELL_GAP = 8;
const STEP_GAP = 2;
const HINT = "Point at the picture: every label at this place. Click to hold it, drag to interpolate between two places.";
const FINGER_HINT =
  "Slide over the picture: every label at this place. Lift to hold it, slide from a held place to interpolate.";

/** handlers: toggle(), seek(share), leave() of the interpolation; release() of the held place. */
export function createLensPanel(host, handlers) {
  const root = createElement("div", "lens", host);
  const labels = createElement("div", "lens-labels", root);
  const line = createElement("div", "lens-line-of-code", root);
  const code = createElement("output", "lens-code", line);
  const save = createIconButton(line, "download", "PNG of this place", () => savePlace(panel));
  const release = createIconButton(line, "close", "Release this place", handlers.release);
  const interpolation = createElement("div", "lens-interpolation", root);
  const showControls = createInterpolationControls(interpolation, { ...handlers, save: () => saveInterpolation(panel) });
  const strip = createElement("div", "lens-strip", interpolation);
  strip.setAttribute("role", "group");
  const hint = createElement("p", "lens-hint", root);
  hint.textContent = window.matchMedia("(hover: none)").matches ? FINGER_HINT : HINT;
  const panel = {
    root, labels, code, save, release, interpolation, strip, hint, showControls,
    plane: null, images: null, interpolationImages: null, cells: [], steps: [], cellsKey: "",
    painted: { key: "", decoder: null, interpolationKey: "", interpolationDecoder: null },
  };
  const sizes = new ResizeObserver(() => panel.plane && scaleImages(panel));
  sizes.observe(root);
  return {
    show: (plane, state) => showPanel(panel, plane, state),
    dispose() {
      sizes.disconnect();
      root.remove();
    },
  };
}

/** state: code (null hides all), interpolation, pin, decoder, waiting. */
function showPanel(panel, plane, state) {
  const { root, hint, code, save, release, interpolation } = panel;
  buildCells(panel, plane, state.decoder);
  root.classList.toggle("unused", !state.code);
  root.classList.toggle("waiting", state.waiting);
  hint.hidden = Boolean(state.code);
  save.hidden = !state.pin && !state.interpolation;
  release.hidden = !state.pin || Boolean(state.interpolation);
  interpolation.hidden = !state.interpolation;
  code.textContent = state.code ? describeCode(plane, state.code) : "\u00a0";
  root.dataset.z = state.code ? JSON.stringify(state.code) : "";
  if (!state.code) return;
  paintCells(panel, plane, state);
  if (state.interpolation) showInterpolation(panel, plane, state);
}

/** A cell for each label; a network without a condition draws one image for all of them. */
function buildCells(panel, plane, decoder) {
  const names = decoder && !decoder.conditional ? [""] : plane.classNames;
  panel.plane = plane;
  const key = JSON.stringify([names, plane.imageShape]);
  if (key !== panel.cellsKey) {
    panel.cellsKey = key;
    panel.painted = { key: "", decoder: null, interpolationKey: "", interpolationDecoder: null };
    panel.labels.replaceChildren();
    panel.cells = names.map((name) => {
      const description = name ? `${name} at this place` : "The image at this place";
      return createLabelCell(panel.labels, name, plane.imageShape, description);
    });
    panel.strip.replaceChildren();
    const step = () => imageCanvas(panel.strip, "pixels", plane.imageShape);
    panel.steps = Array.from({ length: INTERPOLATION_STEPS }, step);
    scaleImages(panel);
  }
  panel.cells.forEach(({ item }, label) => markOwn(item, panel.cells.length > 1 && label === plane.selectedLabel));
}

function scaleImages({ root, cells, steps, plane }) {
  const [height, width] = plane.imageShape;
  const room = root.clientWidth;
  const inARow = Math.min(cells.length, CELLS_IN_A_ROW);
  const largest = Math.max(LARGEST_SCALE, Math.floor(WIDEST_IMAGE / width));
  const fitting = Math.floor((room - (inARow - 1) * CELL_GAP) / inARow / width);
  const scale = Math.max(SMALLEST_SCALE, Math.min(largest, fitting));
  const stepScale = Math.max(1, Math.min(scale, Math.floor((room / steps.length - STEP_GAP) / width)));
  for (const { canvas } of cells) setImageSize(canvas, width * scale, height * scale);
  for (const canvas of steps) setImageSize(canvas, width * stepScale, height * stepScale);
}

function paintCells(panel, plane, { code, decoder }) {
  const key = JSON.stringify([code, plane.base, plane.dimensions, plane.invert]);
  if (!decoder || (panel.painted.key === key && panel.painted.decoder === decoder)) return;
  panel.painted = { ...panel.painted, key, decoder };
  const images = decodeAllLabels(decoder, wholeCode(plane, code));
  const pixels = images.length / decoder.labels;
  panel.images = images.subarray(0, panel.cells.length * pixels);
  panel.cells.forEach(({ canvas }, label) => {
    paintImage(canvas, images.subarray(label * pixels, (label + 1) * pixels), plane);
  });
}

function showInterpolation(panel, plane, { interpolation, decoder }) {
  panel.showControls(interpolation);
  const { painted, steps, strip } = panel;
  strip.setAttribute("aria-label", `The interpolation for ${plane.classNames[plane.selectedLabel]}`);
  const { from, to } = interpolation;
  const key = JSON.stringify([from, to, plane.selectedLabel, plane.base, plane.dimensions, plane.invert]);
  if (!decoder || (painted.interpolationKey === key && painted.interpolationDecoder === decoder)) return;
  panel.painted = { ...painted, interpolationKey: key, interpolationDecoder: decoder };
  panel.interpolationImages = codesAlong(interpolation).map((code, step) => {
    const image = decodeLabel(decoder, wholeCode(plane, code), plane.selectedLabel);
    steps[step].setAttribute("aria-label", describeCode(plane, code));
    paintImage(steps[step], image, plane);
    return image;
  });
}

/** The image of the place under every label, in a row, as a file. */
function savePlace({ root, plane, cells, images, painted }) {
  if (!images) return;
  const names = cells.length > 1 ? plane.classNames : [];
  const tiles = { shape: [1, cells.length, ...plane.imageShape], values: images };
  const header = { row_labels: [], column_labels: names, invert: plane.invert };
  savePicture(drawTiles(root, tiles, header), nameWithEpoch("place_as_every_label.png", painted.decoder?.epoch));
}

/** The steps of the interpolation, in a row, as a file. */
function saveInterpolation({ root, plane, interpolationImages, painted }) {
  if (!interpolationImages) return;
  const values = interpolationImages.flatMap((image) => [...image]);
  const tiles = { shape: [1, interpolationImages.length, ...plane.imageShape], values };
  const header = { row_labels: [], column_labels: [], invert: plane.invert };
  const fileName = `interpolation_of_${plane.classNames[plane.selectedLabel]}.png`;
  savePicture(drawTiles(root, tiles, header), nameWithEpoch(fileName, painted.interpolationDecoder?.epoch));
}
