// @ts-check
// A player of manifolds: planes of decoded images over the epochs of a run, the first of them under the lens.

import { createLens } from "./lens.js";
import { isKnown } from "./lens_overlay.js";
import { createTileCell } from "../grid/tile_cell.js";
import { createEpochPlayer } from "../player/epoch_player.js";
import { createElement } from "../shared/controls.js";
import { readDecoder } from "../shared/network.js";
import { labelSurface } from "../shared/surface.js";

const DECODER_BYTES = 64 * 2 ** 20;

export default (component) => createEpochPlayer(component, createManifoldPictures);

function createManifoldPictures(host, player) {
  const first = createElement("div", "with-lens", host);
  const others = createElement("div", "tile-pictures", host);
  const state = { player, first, others, cells: [], received: null, arranged: null, run: null, lens: null };
  state.decoders = createDecoderStore(DECODER_BYTES);
  const cell = createTileCell(first, () => placeLens(state));
  state.lens = createLens(first, cell.surface.canvas, {
    report: player.report,
    needDecoder: (epoch) => player.ask({ decoders: [epoch] }),
  });
  state.cells.push(cell);
  return {
    show(picture, shared, frame, epoch) {
      if (picture !== state.received) receiveDecoder(state, picture, shared);
      // Names of another view do not belong to the tiles that are still there.
      if (frame) showPlanes(state, picture, frame, epoch);
      showPinned(state, picture, shared, epoch);
      state.lens.setDecoder(epoch, state.decoders.get(player.run(), epoch));
    },
    dispose() {
      state.lens.dispose();
      state.cells.forEach((each) => each.dispose());
    },
  };
}

function receiveDecoder(state, picture, shared) {
  state.received = picture;
  if (picture.decoder) state.decoders.put(state.player.run(), picture.decoder, shared);
}

/** The pinned image: where its code is at each epoch, and, if it is to be, what the other dimensions hold. */
function showPinned({ player, lens }, { pin, plane }, { pin_codes: codes }, epoch) {
  const rows = pin && codes ? codesByRow(codes) : [];
  const at = player.epochs().indexOf(epoch);
  lens.setTrace(rows.length ? { codes: rows.map((row) => planeCode(plane, row)), at } : null);
  lens.setBase(pin?.is_base && isKnown(rows[at]) ? rows[at] : plane.base);
}

function codesByRow({ shape: [count, length], values }) {
  return Array.from({ length: count }, (_, row) => [...values.subarray(row * length, (row + 1) * length)]);
}

function planeCode({ dimensions }, code) {
  return dimensions.filter((dimension) => dimension !== null).map((dimension) => code[dimension]);
}

function showPlanes(state, picture, frame, epoch) {
  const isNews = picture !== state.arranged;
  if (isNews) arrangePlanes(state, picture, frame);
  picture.pictures.forEach((header, index) => {
    const tiles = frame[`tiles_${header.name}`];
    Object.assign(state.cells[index], { epoch, shape: tiles.shape });
    state.cells[index].painter.show(header, tiles);
  });
  if (isNews) placeLens(state);
  if (state.run === state.player.run()) return;
  state.run = state.player.run();
  state.lens.setPin(picture.z);
}

function arrangePlanes(state, picture, frame) {
  state.arranged = picture;
  const { cells, first, others } = state;
  const [{ name, max_tile: widestTile }] = picture.pictures;
  // The panel stands close to the plane, however wide the page is.
  first.style.setProperty("--plane-width", `${frame[`tiles_${name}`].shape[1] * widestTile}px`);
  while (cells.length > picture.pictures.length) cells.pop().dispose();
  while (cells.length < picture.pictures.length) cells.push(createTileCell(others));
  picture.pictures.forEach((header, index) => labelSurface(cells[index].surface, header));
  others.style.setProperty("--picture-width", `${picture.min_width}px`);
}

/** The lens stands over the whole canvas of the first plane, which has no names and no gaps. */
function placeLens({ cells, lens, arranged }) {
  if (!arranged) return;
  const { surface, shape } = cells[0];
  const [rows, columns] = shape;
  const width = parseFloat(surface.canvas.style.width);
  const height = parseFloat(surface.canvas.style.height);
  const { description, invert } = arranged.pictures[0];
  lens.setPlane({ ...arranged.plane, description, invert, rows, columns, rect: { left: 0, top: 0, width, height } });
}

/** Decoders by run and epoch, as many as a number of bytes holds; those unused for longest go first. */
function createDecoderStore(mostBytes) {
  const decoders = new Map();
  let bytes = 0;
  const take = (key) => {
    const decoder = decoders.get(key) ?? null;
    decoders.delete(key);
    return decoder;
  };
  return {
    get(run, epoch) {
      const decoder = take(`${run}/${epoch}`);
      if (decoder) decoders.set(`${run}/${epoch}`, decoder);
      return decoder;
    },
    put(run, description, arrays) {
      const key = `${run}/${description.epoch}`;
      bytes -= take(key)?.bytes ?? 0;
      const decoder = readDecoder(description, ownCopies(arrays));
      decoders.set(key, { ...decoder, epoch: description.epoch });
      bytes += decoder.bytes;
      for (const oldest of decoders.keys()) {
        if (bytes <= mostBytes || oldest === key) return;
        bytes -= take(oldest).bytes;
      }
    },
  };
}

/** Copies, so that a decoder does not keep the frames that came with it. */
function ownCopies(arrays) {
  const entries = Object.entries(arrays).filter(([name]) => name.startsWith("decoder/"));
  return Object.fromEntries(entries.map(([name, { shape, values }]) => [name, { shape, values: values.slice() }]));
}
