// @ts-check
// Single images, each on a canvas of its own: an image pixel is a canvas pixel, which the style enlarges unsmoothed.

import { createElement } from "./controls.js";

export function imageCanvas(parent, className, [height, width]) {
  const canvas = createElement("canvas", className, parent);
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute("role", "img");
  return canvas;
}

export function setImageSize(canvas, width, height) {
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

/** @param probabilities 0 to 1, or bytes if `full` is 255. */
export function paintImage(canvas, probabilities, { imageShape: [height, width, channels], invert }, full = 1) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const value = Math.round((255 / full) * probabilities[pixel * channels + (channels === 3 ? colour : 0)]);
      image.data[4 * pixel + colour] = invert ? 255 - value : value;
    }
    image.data[4 * pixel + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
