// A grid of image tiles, drawn without smoothing.

const LABEL_SIZE = 13;
const LABEL_SPACE = 8;
const EXPORT_WIDTH = 1200;
const EXPORT_MARGIN = 16;
// A whole number of screen pixels an image pixel is even to the eye, and worth leaving some width empty for.
const WORTHWHILE_SHARE = 0.8;

export default function (component) {
  const { parentElement, data } = component;
  const view = (parentElement.imageGrid ??= createView(parentElement));
  view.show(unpack(data));
  return view.dispose;
}

function createView(parentElement) {
  const surface = createSurface(parentElement);
  let grid = null;
  const draw = () => {
    if (!grid || !surface.figure.clientWidth) return;
    drawGrid(surface.canvas, grid, readTheme(surface.figure), surface.figure.clientWidth);
  };
  surface.download.addEventListener("click", () => {
    savePicture(drawExport(grid, readTheme(surface.figure)), grid.header.file_name);
  });
  const stop = redrawOnChange(surface, draw);
  return {
    show({ header, arrays }) {
      grid = { header, ...tileSheet(arrays.tiles, header.invert) };
      labelSurface(surface, header);
      draw();
    },
    dispose() {
      stop();
      surface.figure.remove();
      delete parentElement.imageGrid;
    },
  };
}

/** All tiles side by side on one canvas, an image pixel a canvas pixel. */
function tileSheet({ shape, values }, invert) {
  const [rows, columns, height, width, channels] = shape;
  const sheet = document.createElement("canvas");
  sheet.width = Math.max(1, columns * width);
  sheet.height = Math.max(1, rows * height);
  const context = sheet.getContext("2d");
  const flip = invert ? 255 : 0;
  const second = channels >= 3 ? 1 : 0;
  const third = channels >= 3 ? 2 : 0;
  const pixels = context.createImageData(sheet.width, sheet.height);
  let source = 0;
  for (let tile = 0; tile < rows * columns; tile++) {
    const left = (tile % columns) * width;
    const top = Math.floor(tile / columns) * height;
    for (let y = 0; y < height; y++) {
      let target = 4 * ((top + y) * sheet.width + left);
      for (let x = 0; x < width; x++, source += channels, target += 4) {
        pixels.data[target] = values[source] ^ flip;
        pixels.data[target + 1] = values[source + second] ^ flip;
        pixels.data[target + 2] = values[source + third] ^ flip;
        pixels.data[target + 3] = 255;
      }
    }
  }
  context.putImageData(pixels, 0, 0);
  return { sheet, rows, columns, height, width };
}

function drawGrid(canvas, grid, theme, available) {
  const ratio = window.devicePixelRatio || 1;
  const layout = layOut(grid, theme, available, ratio);
  paint(sizeCanvas(canvas, layout.totalWidth, layout.totalHeight, ratio), grid, theme, layout);
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
function fitTile(room, width, ratio) {
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
  const { sheet, rows, columns, width, height } = grid;
  // Enlarged pixels stay square and sharp. Reduced images would lose whole strokes that way, so they are averaged.
  context.imageSmoothingEnabled = layout.tileWidth * context.getTransform().a < width;
  context.imageSmoothingQuality = "high";
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = layout.left + column * layout.stepX;
      const y = layout.top + layout.above + row * layout.stepY;
      const { tileWidth, tileHeight } = layout;
      context.drawImage(sheet, column * width, row * height, width, height, x, y, tileWidth, tileHeight);
    }
  }
  paintLabels(context, grid.header, theme, layout);
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
