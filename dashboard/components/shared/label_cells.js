// @ts-check
// One image for each label, with its name; the label that counts is emphasised.

import { createElement } from "./controls.js";
import { imageCanvas, paintImage, setImageSize } from "./image_canvas.js";
import { createSurface, savePicture } from "./surface.js";
import { drawTiles } from "./tile_painter.js";

const CELL_SPACE = 8;
const CELL_COLUMNS = 5;
const WIDEST_CELL = 112;
// All stand in one row where each gets so much of it.
const ROW_CELL = 84;
const SMALLEST_CELL = 28;

/**
 * setUp({names, imageShape, title, fileName}): makes the cells, or keeps those that are there.
 * paint(images, {own, invert}): images holds probabilities label by label; own is a label or null.
 */
export function createLabelCells(host) {
  const surface = createSurface(host);
  surface.canvas.remove();
  surface.caption.hidden = true;
  const grid = createElement("div", "label-cells", surface.stage);
  const cells = { surface, grid, items: [], key: "", names: [], imageShape: null, fileName: "", shown: null };
  grid.setAttribute("role", "list");
  surface.download.addEventListener("click", () => cells.shown && savePicture(drawCells(cells), cells.fileName));
  const sizes = new ResizeObserver(() => scaleCells(cells));
  sizes.observe(surface.figure);
  return {
    setUp: (description) => setUpCells(cells, description),
    paint: (images, look) => paintLabelCells(cells, images, look),
    blank: (isBlank) => cells.grid.classList.toggle("blank", isBlank),
    dispose() {
      sizes.disconnect();
      surface.figure.remove();
    },
  };
}

function setUpCells(cells, { names, imageShape, title, fileName }) {
  cells.surface.title.textContent = title;
  cells.fileName = fileName;
  const key = JSON.stringify([names, imageShape]);
  if (key === cells.key) return;
  Object.assign(cells, { key, names, imageShape, shown: null });
  cells.grid.replaceChildren();
  cells.items = names.map((name) => {
    const cell = createLabelCell(cells.grid, name, imageShape, name ? `As ${name}` : "Decoded");
    cell.item.setAttribute("role", "listitem");
    return cell;
  });
  scaleCells(cells);
}

/** An image with a name below it. */
export function createLabelCell(parent, name, imageShape, description) {
  const item = createElement("figure", "label-cell", parent);
  const canvas = imageCanvas(item, "pixels", imageShape);
  canvas.setAttribute("aria-label", description);
  createElement("figcaption", "label-name", item, name);
  return { item, canvas };
}

/** Emphasises a cell, or no longer. */
export function markOwn(item, isOwn) {
  if (item.classList.toggle("own", isOwn)) item.setAttribute("aria-current", "true");
  else item.removeAttribute("aria-current");
}

function scaleCells({ surface, grid, items, imageShape }) {
  if (!items.length || !surface.figure.clientWidth) return;
  const [height, width] = imageShape;
  const isRow = items.length * (ROW_CELL + CELL_SPACE) <= surface.figure.clientWidth;
  const columns = isRow ? items.length : Math.min(items.length, CELL_COLUMNS);
  grid.style.gridTemplateColumns = `repeat(${columns}, max-content)`;
  const room = (surface.figure.clientWidth - (columns - 1) * CELL_SPACE) / columns;
  const largest = Math.max(1, Math.floor(Math.min(room, WIDEST_CELL) / width));
  const scale = Math.max(largest, Math.min(SMALLEST_CELL, room) / width);
  for (const { canvas } of items) setImageSize(canvas, width * scale, height * scale);
}

function paintLabelCells(cells, images, { own, invert }) {
  const { items, imageShape } = cells;
  const pixels = imageShape.reduce((product, size) => product * size, 1);
  cells.shown = { images, invert };
  items.forEach(({ item, canvas }, label) => {
    paintImage(canvas, images.subarray(label * pixels, (label + 1) * pixels), { imageShape, invert });
    markOwn(item, label === own && items.length > 1);
  });
}

/** All cells in a row, with their names, for a file. */
function drawCells({ surface, names, imageShape, shown }) {
  const tiles = { shape: [1, names.length, ...imageShape], values: shown.images };
  return drawTiles(surface.figure, tiles, { column_labels: names, row_labels: [], invert: shown.invert });
}
