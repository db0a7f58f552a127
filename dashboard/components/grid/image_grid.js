// @ts-check
// A grid of image tiles, drawn without smoothing.

import { mount } from "../shared/mount.js";
import { createSurface, labelSurface, redrawOnChange, savePicture } from "../shared/surface.js";
import { createGridPainter } from "../shared/tile_painter.js";

export default (component) => mount(component, createImageGrid);

function createImageGrid(parentElement) {
  const surface = createSurface(parentElement);
  const painter = createGridPainter(surface);
  surface.download.addEventListener("click", () => {
    const { canvas, fileName } = painter.exportPicture();
    savePicture(canvas, fileName);
  });
  const stop = redrawOnChange(surface, painter.redraw);
  return {
    receive({ header, arrays }) {
      labelSurface(surface, header);
      painter.show(header, arrays.tiles);
    },
    dispose() {
      stop();
      surface.figure.remove();
    },
  };
}
