// @ts-check
// What the mouse and the keyboard do in the latent player: mark a point, ask for its image, pin it.

import { paintPlaneOnScreen } from "./painter.js";
import { paintTile, togglePin } from "./pinned_image.js";
import { listenToPointer, showTooltip } from "./scatter.js";
import { createElement } from "../shared/controls.js";

const HOVER_PAUSE = 40;
const HOVER_SCALE = 3;
const HOVER_WIDEST = 96;
const REMEMBERED_HOVERS = 256;
const STRIDE = 40;
const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

export function preparePointer(view) {
  const { canvas, tooltip } = view.surface;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "scatter plot");
  canvas.setAttribute("aria-keyshortcuts", "ArrowUp ArrowDown ArrowLeft ArrowRight Enter Escape");
  tooltip.text.setAttribute("role", "status");
  listenToPointer(view, (index) => markPoint(view, index));
  // The point that the tooltip shows: a click has rounded coordinates, and points may have moved since the hover.
  canvas.addEventListener("click", () => pinMarked(view));
  canvas.addEventListener("blur", () => markPoint(view, null));
  canvas.addEventListener("keydown", (event) => pressKey(view, event));
}

function pressKey(view, event) {
  if (!view.points) return;
  const direction = DIRECTIONS[event.key];
  if (direction) markPoint(view, pointToward(view, direction, event.shiftKey ? STRIDE : 1));
  else if (event.key === "Enter" && view.marked !== null) pinMarked(view);
  else if (event.key === "Escape") markPoint(view, null);
  else return;
  event.preventDefault();
}

function pinMarked(view) {
  if (view.marked !== null) togglePin(view, view.points.indices[view.marked]);
}

/** The nearest point within 45 degrees of a direction, at least so many CSS pixels away; the marked one if none is. */
function pointToward({ frame, points, chosen, marked, pin }, [right, down], least) {
  const pinned = pin ? points.indices.indexOf(pin.index) : -1;
  const start = marked ?? (pinned >= 0 ? pinned : null);
  const [fromX, fromY] = start === null ? [0, 0] : [points.x[start], points.y[start]];
  let nearest = start;
  let best = Infinity;
  for (let index = 0; index < points.x.length; index++) {
    if (chosen !== null && points.labels[index] !== chosen) continue;
    if (Math.abs(points.x[index]) > points.header.limit || Math.abs(points.y[index]) > points.header.limit) continue;
    const dx = (points.x[index] - fromX) * frame.scale;
    const dy = (fromY - points.y[index]) * frame.scale;
    const along = dx * right + dy * down;
    const distance = Math.hypot(dx, dy);
    // Before there is a mark, every direction leads to the point nearest to the centre.
    if (start !== null && (distance < least || along < distance * Math.SQRT1_2)) continue;
    if (distance < best) {
      best = distance;
      nearest = index;
    }
  }
  return nearest;
}

function markPoint(view, index) {
  if (index === view.marked) return;
  view.marked = index;
  view.surface.canvas.dataset.marked = index === null ? "" : view.points.indices[index];
  if (!view.points || !view.room || !paintPlaneOnScreen(view, view.room)) return;
  showHover(view);
  if (index !== null) askForHover(view);
}

/** The images that the mouse has met: index and epoch -> the image and its reconstruction. */
export function createHoverMemory() {
  return { tiles: new Map(), run: null, newest: null, timer: 0 };
}

export function rememberHover({ hover, player }, header, tiles) {
  if (hover.run !== player.run()) Object.assign(hover, { run: player.run(), tiles: new Map(), newest: null });
  if (!header || !tiles) return;
  hover.newest = { ...header, tiles };
  hover.tiles.set(`${header.epoch}/${header.index}`, hover.newest);
  if (hover.tiles.size > REMEMBERED_HOVERS) hover.tiles.delete(hover.tiles.keys().next().value);
}

/** What is known of an image's picture: at this epoch if it has come, else the last one that came of it. */
function hoverPicture({ hover, epoch }, index) {
  return hover.tiles.get(`${epoch}/${index}`) ?? (hover.newest?.index === index ? hover.newest : null);
}

export function askForHover(view) {
  clearTimeout(view.hover.timer);
  view.hover.timer = setTimeout(() => {
    if (view.marked === null) return;
    const index = view.points.indices[view.marked];
    if (!view.hover.tiles.has(`${view.epoch}/${index}`)) view.player.ask({ hover: index });
  }, HOVER_PAUSE);
}

/** The tooltip of the marked point: its text at once, its image and reconstruction when they are there. */
export function showHover(view) {
  const { surface, points, marked, epoch } = view;
  const { box, picture } = surface.tooltip;
  box.hidden = marked === null;
  if (marked === null) return;
  const found = hoverPicture(view, points.indices[marked]);
  if (found) {
    if (!picture.firstChild) fillHoverPicture(picture);
    const size = Math.min(HOVER_WIDEST, found.tiles.shape[2] * HOVER_SCALE);
    picture.querySelectorAll("canvas").forEach((canvas, tile) => paintTile(canvas, found.tiles, tile, size));
    picture.lastChild.textContent = found.epoch === epoch ? "" : `Decoded at epoch ${found.epoch}`;
    picture.dataset.index = found.index;
  }
  picture.hidden = !found;
  showTooltip(view, marked);
}

function fillHoverPicture(picture) {
  const pair = createElement("div", "hover-pair", picture);
  for (const name of ["Original", "Reconstruction"]) {
    const canvas = createElement("canvas", "pixels", pair);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${name} of the point under the mouse`);
  }
  createElement("div", "hover-epoch", picture);
}
