// @ts-check
// The legend, and what the mouse finds among the points.

import { paintMarkShape } from "./point_stamps.js";
import { createElement } from "../shared/controls.js";
import { createSurface, readTheme } from "../shared/surface.js";

const SWATCH = 32;
const REACH = 10;

/** The frame of a scatter: that of every picture, with a legend below and a tooltip over it. */
export function createScatterSurface(parent) {
  const surface = createSurface(parent);
  surface.figure.classList.add("scatter");
  surface.legend = createElement("div", "legend", surface.figure);
  surface.figure.insertBefore(surface.legend, surface.caption);
  surface.tooltip = createTooltip(surface.stage);
  return surface;
}

/** What is shown about the point under the mouse; `picture` is where its image belongs. */
function createTooltip(stage) {
  const box = createElement("div", "tooltip", stage);
  box.hidden = true;
  const picture = createElement("div", "tooltip-picture", box);
  return { box, picture, text: createElement("div", "tooltip-text", box) };
}

/** Buttons for the labels that are there; one pressed shows its label alone. */
export function fillLegend(view, draw, theme = readTheme(view.surface.figure)) {
  const { surface, points } = view;
  if (!points) return;
  const present = [...new Set(points.labels)].sort((a, b) => a - b);
  const state = JSON.stringify([present, points.header.class_names, theme.colors, view.chosen]);
  if (state === surface.legendState) return;
  surface.legendState = state;
  const focused = surface.figure.getRootNode().activeElement?.dataset?.label;
  surface.legend.replaceChildren();
  surface.legend.hidden = present.length < 2;
  for (const label of present) {
    const entry = legendEntry(view, label, theme);
    entry.addEventListener("click", () => {
      view.chosen = view.chosen === label ? null : label;
      fillLegend(view, draw);
      draw();
    });
    if (focused === String(label)) entry.focus();
  }
}

function legendEntry(view, label, theme) {
  const name = view.points.header.class_names[label];
  const entry = createElement("button", "legend-entry", view.surface.legend);
  entry.type = "button";
  entry.dataset.label = label;
  entry.title = view.chosen === label ? "Show all" : `Show only ${name}`;
  entry.setAttribute("aria-pressed", String(view.chosen === label));
  entry.classList.toggle("faded", view.chosen !== null && view.chosen !== label);
  const swatch = paintMarkShape(SWATCH, label, theme, 1, SWATCH / 3, SWATCH / 2, SWATCH / 2).canvas;
  swatch.className = "swatch";
  entry.append(swatch);
  createElement("span", "", entry, name);
  return entry;
}

/** Calls mark with the index of the point under the pointer, or null. A finger, which cannot hover, marks by a tap. */
export function listenToPointer(view, mark) {
  const { canvas } = view.surface;
  const isFinger = (event) => event.pointerType === "touch";
  canvas.addEventListener("pointermove", (event) => mark(pointAt(view, event)));
  canvas.addEventListener("pointerdown", (event) => isFinger(event) && mark(pointAt(view, event)));
  canvas.addEventListener("pointerleave", (event) => isFinger(event) || mark(null));
  canvas.addEventListener("pointercancel", () => mark(null));
}

/** Index of the point under the mouse, or null. */
function pointAt(view, event) {
  const box = view.surface.canvas.getBoundingClientRect();
  return nearestPoint(view, event.clientX - box.left, event.clientY - box.top);
}

/** Index of the point nearest to a place on the canvas, if one is within reach. */
function nearestPoint({ frame, points, chosen }, left, top) {
  if (!frame || !points) return null;
  let nearest = null;
  let best = REACH * REACH;
  for (let index = 0; index < points.x.length; index++) {
    if (chosen !== null && points.labels[index] !== chosen) continue;
    const dx = frame.x(points.x[index]) - left;
    const dy = frame.y(points.y[index]) - top;
    if (dx * dx + dy * dy < best) {
      best = dx * dx + dy * dy;
      nearest = index;
    }
  }
  return nearest;
}

export function showTooltip(view, index) {
  const { points } = view;
  const { text, box } = view.surface.tooltip;
  const name = points.header.class_names[points.labels[index]];
  text.textContent = `Label ${name} · index ${points.indices[index]} · ${placeInWords(points, index)}`;
  box.hidden = false;
  placeTooltip(view, index);
}

/** The point's place on both axes, by their names: "z1 = 0.52, z2 = −1.10". */
export function placeInWords({ header, x, y }, index) {
  const onAxis = (title, value) => `${title.split(" (")[0]} = ${value.toFixed(2).replace("-", "−")}`;
  const first = onAxis(header.x_title, x[index]);
  return header.one_dimensional ? first : `${first}, ${onAxis(header.y_title, y[index])}`;
}

/** Above the point where there is room, below it otherwise, and never beyond the picture's sides. */
function placeTooltip({ frame, points, surface }, index) {
  const { box } = surface.tooltip;
  const left = frame.x(points.x[index]);
  const top = frame.y(points.y[index]);
  box.style.left = `${Math.max(0, Math.min(left - box.offsetWidth / 2, frame.size - box.offsetWidth))}px`;
  box.style.top = `${top > box.offsetHeight + 14 ? top - box.offsetHeight - 10 : top + 12}px`;
}
