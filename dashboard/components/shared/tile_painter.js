// @ts-check
// Paints a grid of image tiles with names for rows and columns, without smoothing.

import { readTheme, sizeCanvas } from "./surface.js";

const LABEL_SIZE = 13;
const LABEL_SPACE = 8;
const EXPORT_WIDTH = 1200;
const EXPORT_MARGIN = 16;
// A whole number of screen pixels an image pixel is even to the eye, and worth leaving some width empty for.
const WORTHWHILE_SHARE = 0.8;

/** Paints grids on a surface's canvas: show(header, tiles), redraw() where the surface has changed, exportPicture(). */
export function createGridPainter(surface) {
  const sheet = createTileSheet();
  let grid = null;
  // Measuring the page between two frames would make it lay itself out anew.
  let place = null;
  const draw = () => {
    place ??= measure(surface, grid);
    if (!place) return;
    const { layout, theme, ratio } = place;
    paint(sizeCanvas(surface.canvas, layout.totalWidth, layout.totalHeight, ratio), grid, theme, layout);
  };
  return {
    show(header, tiles) {
      if (header !== grid?.header || String(tiles.shape) !== String(grid.shape)) place = null;
      grid = { header, ...fillSheet(sheet, tiles, header.invert) };
      draw();
    },
    redraw() {
      if (!grid) return;
      place = null;
      draw();
    },
    exportPicture: () => ({ canvas: drawExport(grid, readTheme(surface.figure)), fileName: grid.header.file_name }),
  };
}

/** Theme, resolution and layout, or null where there is no room yet. */
function measure(surface, grid) {
  const available = surface.figure.clientWidth;
  if (!available) return null;
  const theme = readTheme(surface.figure);
  const ratio = window.devicePixelRatio || 1;
  return { theme, ratio, layout: layOut(grid, theme, available, ratio) };
}

function createTileSheet() {
  const canvas = document.createElement("canvas");
  return { canvas, context: canvas.getContext("2d"), pixels: null };
}

/** Puts all tiles side by side on one canvas, an image pixel a canvas pixel. */
function fillSheet(sheet, { shape, values }, invert) {
  const [rows, columns, height, width, channels] = shape;
  const { canvas, context } = sheet;
  const sheetWidth = Math.max(1, columns * width);
  const sheetHeight = Math.max(1, rows * height);
  if (!sheet.pixels || canvas.width !== sheetWidth || canvas.height !== sheetHeight) {
    canvas.width = sheetWidth;
    canvas.height = sheetHeight;
    sheet.pixels = context.createImageData(sheetWidth, sheetHeight);
    sheet.words = new Uint32Array(sheet.pixels.data.buffer);
  }
  const copy = channels >= 3 ? copyColours : copyGreys;
  const flip = invert ? 0xffffff : 0;
  let source = 0;
  for (let tile = 0; tile < rows * columns; tile++) {
    let target = Math.floor(tile / columns) * height * sheetWidth + (tile % columns) * width;
    for (let y = 0; y < height; y++, source += width * channels, target += sheetWidth) {
      copy(sheet.words, target, values, source, width, channels, flip);
    }
  }
  context.putImageData(sheet.pixels, 0, 0);
  return { sheet: canvas, shape, rows, columns, height, width };
}

// A pixel is a word: alpha, blue, green, red from its highest byte, since browsers' machines are little-endian.
function copyGreys(words, target, values, source, width, channels, flip) {
  for (let x = 0; x < width; x++) {
    words[target + x] = 0xff000000 | ((values[source + x * channels] * 0x010101) ^ flip);
  }
}

function copyColours(words, target, values, source, width, channels, flip) {
  for (let x = 0, at = source; x < width; x++, at += channels) {
    words[target + x] = 0xff000000 | ((values[at] | (values[at + 1] << 8) | (values[at + 2] << 16)) ^ flip);
  }
}

function drawExport(grid, theme) {
  const natural = grid.columns * grid.width;
  const scale = Math.min(8, Math.max(1, Math.round(EXPORT_WIDTH / natural)));
  const layout = layOut(grid, theme, Infinity, 1, grid.width * scale);
  // Names need room around them; bare tiles go to the very edge.
  const margin = layout.left || layout.top ? EXPORT_MARGIN : 0;
  const canvas = document.createElement("canvas");
  const context = sizeCanvas(canvas, layout.totalWidth + 2 * margin, layout.totalHeight + 2 * margin, 1);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(margin, margin);
  paint(context, grid, theme, layout);
  return canvas;
}

/** Probabilities {shape: [rows, columns, height, width, channels], values} as a picture for a file. */
export function drawTiles(element, { shape, values }, names) {
  const bytes = Uint8Array.from(values, (value) => Math.round(255 * value));
  const header = { gap: 2, ...names };
  return drawExport({ header, ...fillSheet(createTileSheet(), { shape, values: bytes }, names.invert) }, readTheme(element));
}

/** Where everything goes, in CSS pixels. Long row names stand above their rows where there is no room beside them. */
function layOut(grid, theme, available, ratio, fixedTile = 0) {
  const { header, rows, columns, width, height } = grid;
  const names = labelWidths(header, theme);
  const beside = names.row > 0 && names.row <= available * 0.16;
  // Every step is a whole number of screen pixels: anything else would blur the edges between tiles.
  const snap = (length) => Math.round(length * ratio) / ratio;
  const left = beside ? snap(names.row + LABEL_SPACE) : 0;
  const above = names.row > 0 && !beside ? snap(LABEL_SIZE + LABEL_SPACE) : 0;
  const top = names.column > 0 ? snap(LABEL_SIZE + LABEL_SPACE) : 0;
  const gap = snap(header.gap);
  const room = available - left - gap * (columns - 1);
  const tileWidth = fixedTile || fitTile(Math.min(room / columns, header.max_tile), width, ratio);
  const tileHeight = snap(tileWidth * (height / width));
  const stepX = tileWidth + gap;
  const stepY = tileHeight + gap + above;
  const everyColumn = Math.max(1, Math.ceil((names.column + LABEL_SPACE) / stepX));
  return {
    left, top, above, beside, tileWidth, tileHeight, stepX, stepY, everyColumn,
    totalWidth: left + columns * stepX - gap,
    totalHeight: top + rows * stepY - gap,
  };
}

/** Width of a tile in CSS pixels: a whole number of screen pixels, a multiple of the image's own where that fits. */
export function fitTile(room, width, ratio) {
  const screenPixels = Math.max(1, Math.floor(room * ratio));
  const multiple = Math.floor(screenPixels / width) * width;
  return (multiple >= screenPixels * WORTHWHILE_SHARE ? multiple : screenPixels) / ratio;
}

function labelWidths(header, theme) {
  const context = document.createElement("canvas").getContext("2d");
  context.font = `${LABEL_SIZE}px ${theme.font}`;
  const widest = (names) => Math.max(0, ...names.map((name) => context.measureText(name).width));
  return { row: widest(header.row_labels), column: widest(header.column_labels) };
}

function paint(context, grid, theme, layout) {
  const reduced = layout.tileWidth * context.getTransform().a < grid.width;
  // Enlarged pixels stay square and sharp. Reduced images would lose whole strokes that way, so they are averaged.
  context.imageSmoothingEnabled = reduced;
  context.imageSmoothingQuality = "high";
  // Averaging over the whole sheet would mix neighbouring tiles; copying pixels does not.
  const seamless = !grid.header.gap && !layout.above && !reduced;
  if (seamless) paintSheet(context, grid, layout);
  else paintTiles(context, grid, layout);
  paintLabels(context, grid.header, theme, layout);
}

function paintSheet(context, { sheet, rows, columns }, { left, top, tileWidth, tileHeight }) {
  if (rows && columns) context.drawImage(sheet, left, top, columns * tileWidth, rows * tileHeight);
}

function paintTiles(context, { sheet, rows, columns, width, height }, layout) {
  const { tileWidth, tileHeight } = layout;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = layout.left + column * layout.stepX;
      const y = layout.top + layout.above + row * layout.stepY;
      context.drawImage(sheet, column * width, row * height, width, height, x, y, tileWidth, tileHeight);
    }
  }
}

function paintLabels(context, header, theme, layout) {
  context.font = `${LABEL_SIZE}px ${theme.font}`;
  context.fillStyle = theme.text;
  context.textBaseline = "middle";
  context.textAlign = layout.beside ? "right" : "left";
  header.row_labels.forEach((name, row) => {
    const top = layout.top + row * layout.stepY;
    const x = layout.beside ? layout.left - LABEL_SPACE : 0;
    context.fillText(name, x, top + (layout.beside ? layout.tileHeight / 2 : layout.above / 2));
  });
  context.textAlign = "center";
  header.column_labels.forEach((name, column) => {
    if (column % layout.everyColumn) return;
    const centre = layout.left + column * layout.stepX + layout.tileWidth / 2;
    context.fillText(name, centre, LABEL_SIZE / 2 + 1);
  });
}
