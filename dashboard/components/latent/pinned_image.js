// @ts-check
// The pinned image: where it lies at every epoch, and a card with the image and its reconstruction.

import { placeInWords } from "./scatter.js";
import { createButton, createElement } from "../shared/controls.js";

const CARD_TILE = 56;
// After this time Python's word on what is pinned counts again.
const WISH_PATIENCE = 5000;

/** The pin as the painter takes it: Python's, or, while that is on its way, the point that was clicked. */
export function pinOf(view) {
  const { wish, picture, shared, points, epoch } = view;
  if (wish === null) return null;
  if (wish !== undefined) return provisionalPin(points, wish, epoch);
  if (!picture.pin || !shared.pin_x) return null;
  const epochs = view.player.epochs().slice(0, shared.pin_x.values.length);
  return {
    ...picture.pin,
    epochs,
    x: shared.pin_x.values,
    y: shared.pin_y.values,
    covariance: shared.pin_covariance.values,
    at: epochs.indexOf(epoch),
  };
}

function provisionalPin({ x, y, labels, indices }, wish, epoch) {
  const point = indices.indexOf(wish);
  if (point < 0) return null;
  const covariance = new Float32Array(4);
  return { index: wish, label: labels[point], epochs: [epoch], x: [x[point]], y: [y[point]], covariance, at: 0 };
}

/** Pins an image by its index, or nothing; what is pinned already is let go. */
export function togglePin(view, index) {
  const pinned = pinOf(view)?.index ?? null;
  view.wish = index === pinned ? null : index;
  // With an id the same pin tells anew, after it was changed elsewhere on the page.
  view.player.report("pin", { index: view.wish, id: Date.now() });
  clearTimeout(view.wishTimer);
  view.wishTimer = setTimeout(() => {
    view.wish = undefined;
    view.redraw();
  }, WISH_PATIENCE);
  view.redraw();
}

export function createPinCard(surface, unpin) {
  const card = createElement("div", "pin-card", surface.figure);
  surface.figure.insertBefore(card, surface.caption);
  card.setAttribute("role", "group");
  card.setAttribute("aria-label", "Pinned image");
  card.hidden = true;
  const pictures = createElement("div", "pin-pictures", card);
  const tiles = ["Original", "Decoded"].map((name) => {
    const figure = createElement("figure", "pin-tile", pictures);
    const canvas = createElement("canvas", "pixels", figure);
    canvas.setAttribute("role", "img");
    createElement("figcaption", "", figure, name);
    return canvas;
  });
  const words = createElement("div", "pin-words", card);
  const text = createElement("div", "pin-title", words);
  const place = createElement("div", "pin-place", words);
  createButton(words, "Unpin", () => {
    unpin();
    surface.canvas.focus({ preventScroll: true });
  });
  return { card, pictures, tiles, text, place };
}

export function showPinCard({ surface, pin, picture, shared, wish, points }) {
  const { card, pictures, tiles, text, place } = surface.pinCard;
  card.hidden = !pin;
  if (!pin) return;
  const name = `test image ${pin.index}, ${withArticle(picture.class_names[pin.label])}`;
  text.textContent = `Pinned: ${name}`;
  place.textContent = pinPlace(pin, points.header);
  const isThere = wish === undefined && shared.pin_tiles;
  pictures.hidden = !isThere;
  if (!isThere) return;
  tiles[0].setAttribute("aria-label", `Original of ${name}`);
  tiles[1].setAttribute("aria-label", `Reconstruction of ${name}`);
  paintTile(tiles[0], shared.pin_tiles, 0, CARD_TILE);
  const isDecoded = isPlaced(pin);
  tiles[1].parentElement.hidden = !isDecoded;
  if (isDecoded) paintTile(tiles[1], shared.pin_tiles, 1 + pin.at, CARD_TILE);
}

/** Whether the network of this epoch has been asked for the image. */
function isPlaced({ x, at }) {
  return at >= 0 && Number.isFinite(x[at]);
}

function pinPlace(pin, header) {
  if (!isPlaced(pin)) return "No position at this epoch";
  const { x, y, at } = pin;
  const isOutside = Math.abs(x[at]) > header.limit || Math.abs(y[at]) > header.limit;
  return placeInWords({ header, x, y }, at) + (isOutside ? ", outside the picture" : "");
}

/** "a 7", "an 8", "an ankle boot": by sound as far as the first letters tell. */
function withArticle(name) {
  return `${/^(8|11$|18$|[aeiou])/i.test(name) ? "an" : "a"} ${name}`;
}

/** One of some stacked images, a canvas pixel an image pixel, enlarged by a whole number up to a size. */
export function paintTile(canvas, { shape, values }, tile, size) {
  const [, height, width, channels] = shape;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const scale = Math.max(1, Math.floor(size / width));
  canvas.style.width = `${width * scale}px`;
  canvas.style.height = `${height * scale}px`;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  let source = tile * height * width * channels;
  for (let target = 0; target < pixels.data.length; target += 4, source += channels) {
    for (let channel = 0; channel < 3; channel++) {
      pixels.data[target + channel] = values[source + (channels >= 3 ? channel : 0)];
    }
    pixels.data[target + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}
