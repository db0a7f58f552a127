// @ts-check
// The latent plane as a player: points that move with the epoch, a pinned one with its history, and the dimensions.

import { CURVES, readHistory } from "./curves.js";
import { createDimensionPanel } from "./dimensions.js";
import { measurePlane, paintPlaneForExport, paintPlaneOnScreen } from "./painter.js";
import { createPinCard, pinOf, showPinCard, togglePin } from "./pinned_image.js";
import { createPointLayer } from "./point_stamps.js";
import { askForHover, createHoverMemory, preparePointer, rememberHover, showHover } from "./pointer.js";
import { createScatterSurface, fillLegend } from "./scatter.js";
import { createEpochPlayer } from "../player/epoch_player.js";
import { createElement } from "../shared/controls.js";
import { labelSurface, redrawOnChange, savePicture } from "../shared/surface.js";

const POINTER_HINT = "Hover over a point to see its image; click to pin it.";

export default (component) => createEpochPlayer(component, createLatentPicture);

/** Keeps each epoch's figures of the dimensions: they are small, and may outlive the player's frames. */
function keepFigures(figures, { header, arrays }) {
  if (header.view !== figures.view) Object.assign(figures, { view: header.view, frames: new Map() });
  header.frame_epochs.forEach((epoch, place) => {
    if (figures.frames.has(epoch)) return;
    const frame = {};
    for (const { name } of CURVES) {
      const { shape, values } = arrays[`frame/${name}`];
      frame[name] = { values: values.slice(place * shape[1], (place + 1) * shape[1]) };
    }
    figures.frames.set(epoch, frame);
  });
}

function createLatentPicture(host, player) {
  const figures = { view: null, frames: new Map() };
  const layout = createElement("div", "latent-player", host);
  const surface = createScatterSurface(layout);
  surface.pinCard = createPinCard(surface, () => togglePin(view, null));
  const view = {
    player, figures, surface, room: null, points: null, chosen: null, marked: null, layer: createPointLayer(),
    pin: null, wish: undefined, picture: null, frame: null, arrays: null, shared: null, epoch: null,
    redraw: null, panel: null, wishTimer: 0, described: null, history: null, hover: createHoverMemory(),
  };
  view.redraw = () => drawLatentPlayer(view);
  const measure = () => {
    view.room = null;
    drawLatentPlayer(view);
  };
  view.panel = createDimensionPanel(layout, view.redraw);
  preparePointer(view);
  surface.download.addEventListener("click", () => savePicture(paintPlaneForExport(view), fileNameOf(view)));
  const stop = redrawOnChange({ figure: layout, themeProbe: surface.themeProbe }, measure);
  return {
    receive: (blob) => keepFigures(figures, blob),
    show: (picture, shared, frame, epoch) => showEpoch(view, picture, shared, frame, epoch),
    dispose() {
      stop();
      clearTimeout(view.hover.timer);
      clearTimeout(view.wishTimer);
      layout.remove();
    },
  };
}

/** Takes over what there is of an epoch; without its frame the last picture stays. */
function showEpoch(view, picture, shared, frame, epoch) {
  rememberHover(view, picture.hover, shared.hover);
  if ((picture.pin?.index ?? null) === view.wish) view.wish = undefined;
  Object.assign(view, { picture, shared });
  if (!frame) return;
  if (!sameValues(view.points?.indices, shared.indices.values)) forgetPoints(view);
  const moved = view.epoch !== epoch;
  Object.assign(view, { arrays: frame, epoch });
  view.points = {
    header: picture,
    x: frame.x.values,
    y: frame.y.values,
    labels: shared.labels.values,
    indices: shared.indices.values,
  };
  view.history = readHistory(view.player.epochs(), (at) => view.figures.frames.get(at), view.history);
  drawLatentPlayer(view);
  if (moved && view.marked !== null) askForHover(view);
}

/** Every blob brings the same images again, in arrays of its own. */
function sameValues(before, now) {
  return before === now || (before?.length === now.length && before.every((value, index) => value === now[index]));
}

/** Other images: what was marked or chosen among the last ones means nothing any more. */
function forgetPoints(view) {
  view.marked = null;
  const labels = view.shared.labels.values;
  if (view.chosen !== null && !labels.includes(view.chosen)) view.chosen = null;
}

function drawLatentPlayer(view) {
  if (!view.points) return;
  const { surface, picture, panel } = view;
  view.pin = pinOf(view);
  // Asking the page for widths and colours makes it lay itself out: too slow for each step of the slider.
  view.room ??= { ...measurePlane(surface), panel: panel.measure() };
  describe(view);
  if (!paintPlaneOnScreen(view, view.room)) return;
  showPinCard(view);
  showHover(view);
  panel.show(picture, view.arrays, view.epoch, view.history, view.room);
}

/** Title, caption, description and legend, where they are not what they were. */
function describe(view) {
  const { surface, picture, points, chosen, room } = view;
  const caption = captionOf(points);
  const state = [picture.title, caption, picture.description, points.labels, picture.class_names, chosen, room.theme];
  if (view.described && state.every((part, index) => part === view.described[index])) return;
  view.described = state;
  labelSurface(surface, { ...picture, caption });
  fillLegend(view, view.redraw, room.theme);
}

function captionOf({ header: { limit }, x, y }) {
  let outside = 0;
  for (let index = 0; index < x.length; index++) {
    if (Math.abs(x[index]) > limit || Math.abs(y[index]) > limit) outside += 1;
  }
  if (!outside) return POINTER_HINT;
  const [part, all] = [outside, x.length].map((count) => count.toLocaleString("en"));
  return `${part} of ${all} points lie outside the picture. ${POINTER_HINT}`;
}

/** "latent_space.png" becomes "latent_space_7_epoch_12.png": with the label where only one is shown. */
function fileNameOf({ picture, points, chosen, epoch }) {
  const only = chosen ?? (new Set(points.labels).size === 1 ? points.labels[0] : null);
  const label = only === null ? "" : `_${picture.class_names[only].replace(/[^\p{L}\p{N}]+/gu, "-")}`;
  return picture.file_name.replace(/(\.png)?$/, `${label}_epoch_${epoch}.png`);
}
