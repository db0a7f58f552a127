// @ts-check
// The points of a disconnected manifold and the curves that they lie about, before any model has seen them.

import { paintToyData, toyFrame } from "./painter.js";
import { mount } from "../shared/mount.js";
import { createSurface, labelSurface, readTheme, redrawOnChange, savePicture, sizeCanvas } from "../shared/surface.js";

const TOY_DATA_WIDTH = 480;
const TOY_DATA_LAYERS = { data: true, truth: true };

export default (component) => mount(component, createToyData);

function createToyData(parentElement) {
  const surface = createSurface(parentElement);
  let shown = null;
  const redraw = () => {
    const width = Math.min(surface.figure.clientWidth, TOY_DATA_WIDTH);
    if (shown && width >= 120) paintToyDataOn(surface.canvas, shown, width, readTheme(surface.figure));
  };
  surface.download.addEventListener("click", () => savePicture(exportToyData(surface, shown), "torn_manifold.png"));
  const stop = redrawOnChange(surface, redraw);
  return {
    receive(received) {
      shown = received;
      labelSurface(surface, shown.header);
      redraw();
    },
    dispose() {
      stop();
      surface.figure.remove();
    },
  };
}

function paintToyDataOn(canvas, { header, arrays }, width, theme, ratio) {
  const frame = toyFrame(header.extent, width);
  const context = sizeCanvas(canvas, frame.width, frame.height, ratio);
  if (ratio) {
    context.fillStyle = theme.background;
    context.fillRect(0, 0, frame.width, frame.height);
  }
  const pieces = header.class_names.map((_, label) => arrays[`piece_${label}`].values);
  const ground = { points: arrays.points.values, labels: arrays.labels.values, pieces };
  paintToyData(context, frame, ground, TOY_DATA_LAYERS, theme);
}

function exportToyData(surface, shown) {
  const canvas = document.createElement("canvas");
  paintToyDataOn(canvas, shown, TOY_DATA_WIDTH, readTheme(surface.figure), 2);
  return canvas;
}
