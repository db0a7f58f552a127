// Draws a manifold, and puts the lens over it.

import { createLens } from "./manifold/lens.js";
import { readDecoder } from "./shared/network.js";
import { unpack } from "./shared/packing.js";
import { createElement } from "./shared/controls.js";
import { sizeCanvas } from "./shared/surface.js";

export default function (component) {
  const { header, arrays } = unpack(component.data);
  const view = (component.parentElement.lensGallery ??= createGallery(component));
  view.show(header, arrays);
  return view.dispose;
}

function createGallery({ parentElement, setStateValue }) {
  const host = createElement("div", "with-lens", parentElement);
  const canvas = createElement("canvas", "picture", createElement("div", "stage", host));
  const lens = createLens(host, canvas, {
    report: setStateValue,
    needDecoder: (epoch) => setStateValue("needed", epoch),
  });
  return {
    show(header, arrays) {
      drawGalleryTiles(canvas, arrays.tiles, header.plane);
      lens.setPlane(header.plane);
      lens.setDecoder(header.epoch, header.decoder ? readDecoder(header.decoder, arrays) : null);
      lens.setPin(header.pin);
    },
    dispose: () => lens.dispose(),
  };
}

function drawGalleryTiles(canvas, { shape, values }, { rect }) {
  const [rows, columns, height, width, channels] = shape;
  const context = sizeCanvas(canvas, rect.left + rect.width, rect.top + rect.height);
  const sheet = new OffscreenCanvas(columns * width, rows * height);
  const image = new ImageData(columns * width, rows * height);
  for (let at = 0, tile = 0; tile < rows * columns; tile++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, at += channels) {
        const column = (tile % columns) * width + x;
        const target = 4 * ((Math.floor(tile / columns) * height + y) * sheet.width + column);
        for (let c = 0; c < 3; c++) image.data[target + c] = values[at + (channels === 3 ? c : 0)];
        image.data[target + 3] = 255;
      }
  sheet.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(sheet, rect.left, rect.top, rect.width, rect.height);
}
