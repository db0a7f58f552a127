// @ts-check
// A slider for each latent dimension of a code, with a mark where the source itself is.

import { createButton, createElement, createIconButton, createSlider } from "../shared/controls.js";

const SLIDER_REACH = 4;
const SLIDER_STEP = 0.01;

/** handlers: moved(code) while a slider moves, chosen() when it is let go. */
export function createCodeSliders(host, handlers) {
  const root = createElement("div", "sliders", host);
  const bar = createElement("div", "sliders-bar", root);
  createElement("span", "sliders-title", bar, "Code");
  const sliders = { root, handlers, rows: [], own: [], code: [] };
  sliders.resetAll = createButton(bar, "Reset all", () => setWholeCode(sliders, sliders.own));
  sliders.resetAll.title = "Back to the source's own code";
  sliders.list = createElement("div", "sliders-list", root);
  return {
    root,
    /** Begins with a source's own code. */
    begin: (own) => beginSliders(sliders, own),
  };
}

function beginSliders(sliders, own) {
  if (sliders.rows.length !== own.length) {
    sliders.list.replaceChildren();
    sliders.rows = Array.from(own, (_, dimension) => createSliderRow(sliders, dimension));
  }
  Object.assign(sliders, { own: Array.from(own), code: Array.from(own) });
  sliders.rows.forEach((row, dimension) => {
    const reach = Math.max(SLIDER_REACH, Math.ceil(Math.abs(own[dimension])));
    Object.assign(row.slider, { min: -reach, max: reach });
    row.track.style.setProperty("--own", (own[dimension] + reach) / (2 * reach));
    row.mark.title = `The source's own value: ${describeZ(own[dimension])}`;
  });
  showSliders(sliders);
}

function createSliderRow(sliders, dimension) {
  const row = { item: createElement("div", "slider-row", sliders.list) };
  const name = `z${dimension + 1}`;
  createElement("span", "slider-name", row.item, name);
  row.track = createElement("span", "slider-track", row.item);
  row.slider = createSlider(row.track, "slider-input", `Latent dimension ${dimension + 1}`, { step: SLIDER_STEP });
  row.mark = createElement("span", "slider-mark", row.track);
  row.value = createElement("output", "slider-value", row.item);
  row.slider.addEventListener("input", () => setDimension(sliders, dimension, row.slider.valueAsNumber));
  row.slider.addEventListener("change", sliders.handlers.chosen);
  row.reset = createIconButton(row.item, "reset", `Reset ${name}`, () => {
    setDimension(sliders, dimension, sliders.own[dimension]);
    sliders.handlers.chosen();
  });
  return row;
}

function setDimension(sliders, dimension, value) {
  sliders.code = sliders.code.with(dimension, value);
  showSliders(sliders);
  sliders.handlers.moved(sliders.code);
}

function setWholeCode(sliders, code) {
  sliders.code = [...code];
  showSliders(sliders);
  sliders.handlers.moved(sliders.code);
  sliders.handlers.chosen();
}

function showSliders({ rows, code, own, resetAll }) {
  rows.forEach(({ slider, value, reset }, dimension) => {
    const z = code[dimension];
    // Its own steps are coarser than the code: it is told only what it does not show yet.
    if (Math.abs(slider.valueAsNumber - z) > SLIDER_STEP) slider.value = z;
    if (value.textContent !== describeZ(z)) value.textContent = describeZ(z);
    reset.disabled = z === own[dimension];
  });
  resetAll.disabled = code.every((z, dimension) => z === own[dimension]);
}

function describeZ(z) {
  return z.toFixed(2).replace("-", "−");
}
