// @ts-check
// A player of grids of tiles: reconstructions, samples, manifolds.

import { createTileCell } from "./tile_cell.js";
import { createEpochPlayer } from "../player/epoch_player.js";
import { labelSurface } from "../shared/surface.js";

export default (component) => createEpochPlayer(component, createTilePictures);

function createTilePictures(host) {
  host.classList.add("tile-pictures");
  const state = { host, pictures: [], cells: new Map(), arrangement: "", received: null };
  return {
    show(picture, shared, frame, epoch) {
      // Names of another view do not belong to the tiles that are still there.
      if (!frame) return;
      if (picture !== state.received) arrange(state, picture);
      for (const header of state.pictures) {
        const cell = state.cells.get(header.name);
        cell.epoch = epoch;
        cell.painter.show(header, frame[`tiles_${header.name}`]);
      }
    },
    dispose: () => state.cells.forEach((cell) => cell.dispose()),
  };
}

/** Gives every picture its place, and keeps the canvases of those that had one. */
function arrange(state, picture) {
  state.received = picture;
  const arrangement = JSON.stringify(picture);
  if (arrangement === state.arrangement) return;
  const names = new Set(picture.pictures.map(({ name }) => name));
  for (const [name, cell] of state.cells) {
    if (names.has(name)) continue;
    cell.dispose();
    state.cells.delete(name);
  }
  for (const header of picture.pictures) {
    if (!state.cells.has(header.name)) state.cells.set(header.name, createTileCell(state.host));
    const { surface } = state.cells.get(header.name);
    labelSurface(surface, header);
    state.host.append(surface.figure);
  }
  state.host.style.setProperty("--picture-width", `${picture.min_width}px`);
  Object.assign(state, { arrangement, pictures: picture.pictures });
}
