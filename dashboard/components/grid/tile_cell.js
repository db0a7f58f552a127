// @ts-check
// One grid of tiles of a player: its surface, its painter, and its PNG, which is named after the epoch.

import { createSurface, nameWithEpoch, redrawOnChange, savePicture } from "../shared/surface.js";
import { createGridPainter } from "../shared/tile_painter.js";

/** @param resized called after the grid was drawn in another size. */
export function createTileCell(host, resized = () => {}) {
  const surface = createSurface(host);
  const painter = createGridPainter(surface);
  const cell = { surface, painter, epoch: 0, shape: null };
  surface.download.addEventListener("click", () => {
    const { canvas, fileName } = painter.exportPicture();
    savePicture(canvas, nameWithEpoch(fileName, cell.epoch));
  });
  const stop = redrawOnChange(surface, () => {
    painter.redraw();
    resized();
  });
  cell.dispose = () => {
    stop();
    surface.figure.remove();
  };
  return cell;
}
