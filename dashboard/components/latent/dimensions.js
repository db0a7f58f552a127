// @ts-check
// The latent dimensions at one epoch: how much each says (KL), and how its codes lie against the prior.

import { createDimensionCurves } from "./curves.js";
import { createElement } from "../shared/controls.js";

// The interval's axis: four standard deviations of the prior in all, and codes rarely reach further.
const SPREAD_LIMIT = 2;
const ROWS_PAUSE = 100;
const DIMENSION_NOTE = "KL: what a dimension says of an image. Codes: mean ± one deviation; in grey, the prior's.";

/** The panel beside the plane: a row for each dimension, and below the curves over all epochs. */
export function createDimensionPanel(host, redraw) {
  const panel = createElement("section", "dimension-panel", host);
  panel.setAttribute("aria-label", "Latent dimensions");
  createElement("div", "title", panel, "Latent dimensions");
  const summary = createElement("div", "dimension-summary", panel);
  const table = createElement("div", "dimension-table", panel);
  createTableHead(table);
  const list = createElement("div", "dimension-list", table);
  createElement("div", "dimension-note", panel, DIMENSION_NOTE);
  const curves = createDimensionCurves(panel);
  const state = { rows: [], highlighted: null, timer: 0 };
  const seen = new IntersectionObserver((entries) => noteSeen(state, entries), { root: list });
  listenToArrows(list, state);
  const highlight = (dimension) => {
    state.highlighted = state.highlighted === dimension ? null : dimension;
    redraw();
  };
  return {
    measure: curves.measure,
    show(picture, frame, epoch, history, room) {
      const count = frame.kl.values.length;
      if (state.rows.length !== count) {
        list.replaceChildren();
        state.highlighted = null;
        state.rows = Array.from({ length: count }, (_, index) => createRow(list, index, highlight));
        seen.disconnect();
        state.rows.forEach(({ button }) => seen.observe(button));
      }
      const { collapsed } = picture;
      const largest = Math.max(10 * collapsed, ...history.largestKl(frame));
      showRows(state, (row, index) => {
        const [kl, mean, variance] = [frame.kl, frame.mean, frame.variance].map(({ values }) => values[index]);
        showRow(row, kl, mean, variance, { largest, collapsed, pressed: index === state.highlighted });
      });
      summary.textContent = summaryOf(frame.kl.values, collapsed);
      curves.show(history, epoch, state.highlighted, room);
    },
  };
}

function createTableHead(table) {
  const head = createElement("div", "dimension-head", table);
  head.setAttribute("aria-hidden", "true");
  createElement("span", "", head);
  createElement("span", "head-kl", head, "KL (nats)");
  createElement("span", "head-spread", head, "Codes vs N(0, 1)");
  createElement("span", "number", head, "mean");
  createElement("span", "number", head, "var.");
}

function noteSeen(state, entries) {
  for (const { target, isIntersecting } of entries) {
    const row = state.rows.find(({ button }) => button === target);
    if (row) row.isSeen = isIntersecting;
  }
}

/** Rows that are scrolled out of sight wait until the slider rests. */
function showRows(state, show) {
  const showThose = (isWanted) => state.rows.forEach((row, index) => row.isSeen === isWanted && show(row, index));
  showThose(true);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => showThose(false), ROWS_PAUSE);
}

/** One row is a stop of the Tab key; the arrows lead from there to the others. */
function listenToArrows(list, state) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const from = state.rows.findIndex(({ button }) => button === event.target);
    const target = state.rows[from + step];
    if (!step) return;
    event.preventDefault();
    target?.button.focus();
  });
  list.addEventListener("focusin", (event) => {
    for (const { button } of state.rows) button.tabIndex = button === event.target ? 0 : -1;
  });
}

/** A row is a button; it stays while the figures in it change. */
function createRow(list, index, highlight) {
  const button = createElement("button", "dimension", list);
  button.type = "button";
  button.dataset.dimension = index + 1;
  button.tabIndex = index === 0 ? 0 : -1;
  button.addEventListener("click", () => highlight(index));
  createElement("span", "dimension-name", button, `z${index + 1}`);
  const track = createElement("span", "kl-track", button);
  const row = {
    name: `z${index + 1}`,
    isSeen: true,
    button,
    bar: createElement("span", "kl-bar", track),
    word: createElement("span", "kl-word", track, "∅ collapsed"),
    kl: createElement("span", "number", button),
  };
  const spread = createElement("span", "spread", button);
  createElement("span", "spread-prior", spread);
  createElement("span", "spread-zero", spread);
  row.interval = createElement("span", "spread-interval", spread);
  row.centre = createElement("span", "spread-centre", spread);
  row.mean = createElement("span", "number", button);
  row.variance = createElement("span", "number", button);
  return row;
}

function showRow(row, kl, mean, variance, { largest, collapsed, pressed }) {
  const isCollapsed = kl < collapsed;
  const figures = { kl: klInWords(kl), mean: momentInWords(mean), variance: momentInWords(variance) };
  for (const name of ["kl", "mean", "variance"]) {
    if (row[name].textContent !== figures[name]) row[name].textContent = figures[name];
  }
  row.word.hidden = !isCollapsed;
  // Moved by transforms alone, so that the page need not lay itself out for them.
  row.bar.style.transform = `scaleX(${isCollapsed ? 0 : Math.max(0.004, kl / largest)})`;
  const along = (z) => (1 + Math.max(-1, Math.min(1, z / SPREAD_LIMIT))) / 2;
  const [from, to] = [along(mean - Math.sqrt(variance)), along(mean + Math.sqrt(variance))];
  row.interval.style.transform = `translateX(${100 * from}%) scaleX(${to - from})`;
  row.centre.style.transform = `translateX(${100 * along(mean)}%)`;
  Object.assign(row.button.dataset, { ...figures, collapsed: isCollapsed });
  row.button.setAttribute("aria-pressed", String(pressed));
  row.button.setAttribute(
    "aria-label",
    `${row.name}: KL ${figures.kl} nats${isCollapsed ? ", collapsed" : ""}, ` +
      `mean ${figures.mean}, variance ${figures.variance}`,
  );
}

/** Small values keep the digits that tell a collapsed dimension from a weak one. */
export function klInWords(kl) {
  return kl.toFixed(kl < 0.1 ? 3 : 2).replace("-", "−");
}

export function momentInWords(value) {
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text.replace("-", "−");
}

function summaryOf(kl, collapsed) {
  const total = kl.reduce((sum, value) => sum + value, 0);
  const idle = kl.reduce((count, value) => count + (value < collapsed), 0);
  const dimensions = kl.length === 1 ? "1 dimension" : `${kl.length} dimensions`;
  return `${total.toFixed(2)} nats in ${dimensions}, ${idle || "none"} collapsed`;
}
