// A slider for each latent dimension of a code, with a mark where the source itself is.

const SLIDER_REACH = 4;
const SLIDER_STEP = 0.01;
const RESET_ICON = '<path d="M4 4v6h6M4.5 10a8 8 0 1 1-.5 4"/>';

/** handlers: moved(code) while a slider moves, chosen() when it is let go. */
function createCodeSliders(host, handlers) {
  const root = createElement("div", "sliders", host);
  const bar = createElement("div", "sliders-bar", root);
  createElement("span", "sliders-title", bar, "Code");
  const sliders = { root, handlers, rows: [], own: [], code: [] };
  sliders.resetAll = createElement("button", "studio-button wide", bar, "Reset all");
  sliders.resetAll.type = "button";
  sliders.resetAll.title = "Back to the source's own code";
  sliders.resetAll.addEventListener("click", () => setWholeCode(sliders, sliders.own));
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
  row.slider = createElement("input", "slider-input", row.track);
  Object.assign(row.slider, { type: "range", step: SLIDER_STEP, title: name });
  row.slider.setAttribute("aria-label", `Latent dimension ${dimension + 1}`);
  row.mark = createElement("span", "slider-mark", row.track);
  row.value = createElement("output", "slider-value", row.item);
  row.slider.addEventListener("input", () => setDimension(sliders, dimension, row.slider.valueAsNumber));
  row.slider.addEventListener("change", sliders.handlers.chosen);
  row.reset = createElement("button", "studio-button", row.item);
  row.reset.type = "button";
  row.reset.title = `Reset ${name}`;
  row.reset.setAttribute("aria-label", `Reset ${name}`);
  row.reset.innerHTML =
    `<svg viewBox="0 0 24 24" width="14" height="14" aria-hidden="true" fill="none" stroke="currentColor"` +
    ` stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${RESET_ICON}</svg>`;
  row.reset.addEventListener("click", () => {
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
