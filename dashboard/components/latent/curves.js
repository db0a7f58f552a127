// @ts-check
// KL, mean and variance of every latent dimension over the epochs, with a cursor at the shown one.

import { klInWords, momentInWords } from "./dimensions.js";
import { SMALLEST_PLANE } from "./painter.js";
import { createElement } from "../shared/controls.js";
import { createDownloadButton, savePicture, sizeCanvas } from "../shared/surface.js";

const CURVE_TEXT = 12;
const CURVE_MARGIN = { left: 36, right: 8, title: 25, bottom: 22 };
const CURVE_HEIGHT = 68;
const CURVE_EXPORT_RATIO = 3;
export const CURVES = [
  { name: "kl", title: "KL (nats)", reference: 0 },
  { name: "mean", title: "Mean of the codes", reference: 0 },
  { name: "variance", title: "Variance of the codes", reference: 1 },
];

/** Lines lie on one canvas that is drawn when there are new ones, the cursor on another that is drawn each time. */
export function createDimensionCurves(host) {
  const stage = createElement("div", "curve-stage", host);
  const lines = createElement("canvas", "picture", stage);
  lines.setAttribute("role", "img");
  const cursor = createElement("canvas", "picture curve-cursor", stage);
  cursor.setAttribute("aria-hidden", "true");
  let drawn = "";
  let shown = null;
  const download = createDownloadButton(stage, "PNG of the curves");
  download.addEventListener("click", () => shown && savePicture(drawCurves(...shown), "latent_dimensions.png"));
  return {
    measure() {
      const primary = getComputedStyle(stage).getPropertyValue("--st-primary-color").trim();
      return { width: stage.clientWidth, primary };
    },
    /** room: the theme, and for the panel what `measure` gave. */
    show(history, epoch, highlighted, room) {
      const { width, primary } = room.panel;
      if (width < SMALLEST_PLANE || !history.loaded.length) return;
      const theme = { ...room.theme, primary };
      const layout = curveLayout(history, width);
      shown = [history, epoch, highlighted, layout, width, theme];
      const content = JSON.stringify([history.version, width, window.devicePixelRatio, highlighted, theme]);
      if (content !== drawn) {
        drawn = content;
        paintCurves(sizeCanvas(lines, width, layout.height), history, layout, theme, highlighted);
      }
      paintCursor(sizeCanvas(cursor, width, layout.height), history, layout, theme, epoch, highlighted);
      lines.setAttribute("aria-label", curvesInWords(history, highlighted));
      lines.dataset.highlighted = highlighted === null ? "" : highlighted + 1;
    },
  };
}

/** The curves and their cursor for a file. */
function drawCurves(history, epoch, highlighted, layout, width, theme) {
  const canvas = document.createElement("canvas");
  const context = sizeCanvas(canvas, width, layout.height, CURVE_EXPORT_RATIO);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, layout.height);
  paintCurves(context, history, layout, theme, highlighted);
  paintCursor(context, history, layout, theme, epoch, highlighted);
  return canvas;
}

function curvesInWords({ count, loaded, epochs }, highlighted) {
  const shown = highlighted === null ? "" : `, z${highlighted + 1} highlighted`;
  const dimensions = `${count} latent ${count === 1 ? "dimension" : "dimensions"}`;
  return `KL, mean and variance of ${dimensions} over ${loaded.length} of ${epochs.length} epochs${shown}`;
}

/** Where the three charts lie, in CSS pixels, and how values map to them. */
function curveLayout({ epochs, range }, width) {
  const step = CURVE_MARGIN.title + CURVE_HEIGHT;
  const [first, last] = [epochs[0], epochs[epochs.length - 1]];
  const across = width - CURVE_MARGIN.left - CURVE_MARGIN.right;
  const charts = CURVES.map((curve, index) => {
    const top = index * step + CURVE_MARGIN.title;
    const [low, high] = range[curve.name];
    const y = (value) => top + (CURVE_HEIGHT * (high - value)) / (high - low);
    return { ...curve, top, bottom: top + CURVE_HEIGHT, low, high, y };
  });
  return {
    charts,
    first,
    last,
    right: CURVE_MARGIN.left + across,
    height: CURVES.length * step + CURVE_MARGIN.bottom,
    x: (epoch) => CURVE_MARGIN.left + (last > first ? (across * (epoch - first)) / (last - first) : across / 2),
  };
}

function paintCurves(context, history, layout, theme, highlighted) {
  context.font = `${CURVE_TEXT}px ${theme.font}`;
  context.textBaseline = "middle";
  for (const chart of layout.charts) {
    paintChartFrame(context, chart, layout, theme);
    context.strokeStyle = theme.text;
    context.lineWidth = 1.25;
    context.globalAlpha = highlighted === null ? Math.max(0.3, 0.75 - history.count / 40) : 0.2;
    for (let dimension = 0; dimension < history.count; dimension++) {
      if (dimension !== highlighted) traceCurve(context, history, layout, chart, dimension);
    }
    context.globalAlpha = 1;
    context.strokeStyle = theme.primary;
    context.lineWidth = 2.5;
    if (highlighted !== null) traceCurve(context, history, layout, chart, highlighted);
  }
  context.fillStyle = theme.text;
  context.globalAlpha = 0.75;
  const low = layout.height - CURVE_MARGIN.bottom / 2 + 2;
  context.textAlign = "left";
  context.fillText(String(layout.first), CURVE_MARGIN.left, low);
  context.textAlign = "center";
  context.fillText("epoch", (CURVE_MARGIN.left + layout.right) / 2, low);
  context.textAlign = "right";
  context.fillText(String(layout.last), layout.right, low);
  context.globalAlpha = 1;
}

function paintChartFrame(context, chart, layout, theme) {
  context.fillStyle = theme.text;
  context.textAlign = "left";
  context.fillText(chart.title, CURVE_MARGIN.left, chart.top - 10);
  context.globalAlpha = 0.75;
  context.textAlign = "right";
  const digits = chart.high - chart.low < 10 ? 1 : 0;
  for (const value of [chart.low, chart.high]) {
    const name = value === 0 ? "0" : value.toFixed(digits).replace("-", "−");
    context.fillText(name, CURVE_MARGIN.left - 5, Math.min(chart.bottom - 4, Math.max(chart.top + 4, chart.y(value))));
  }
  context.globalAlpha = 1;
  context.strokeStyle = theme.border;
  context.lineWidth = 1;
  context.strokeRect(CURVE_MARGIN.left + 0.5, chart.top + 0.5, layout.right - CURVE_MARGIN.left - 1, CURVE_HEIGHT - 1);
  if (chart.reference <= chart.low || chart.reference >= chart.high) return;
  context.strokeStyle = theme.text;
  context.globalAlpha = 0.5;
  context.setLineDash([4, 4]);
  context.beginPath();
  context.moveTo(CURVE_MARGIN.left, chart.y(chart.reference));
  context.lineTo(layout.right, chart.y(chart.reference));
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function traceCurve(context, { loaded }, layout, chart, dimension) {
  context.beginPath();
  for (const { epoch, frame } of loaded) {
    context.lineTo(layout.x(epoch), chart.y(frame[chart.name].values[dimension]));
  }
  context.stroke();
}

/** A line through the three charts at the shown epoch; on a highlighted curve also its values there. */
function paintCursor(context, history, layout, theme, epoch, highlighted) {
  const x = Math.round(layout.x(epoch));
  context.fillStyle = theme.primary;
  const shown = highlighted === null ? null : history.loaded.find((entry) => entry.epoch === epoch);
  for (const chart of layout.charts) {
    context.fillRect(x - 0.75, chart.top, 1.5, CURVE_HEIGHT);
    if (!shown) continue;
    const value = shown.frame[chart.name].values[highlighted];
    context.beginPath();
    context.arc(layout.x(epoch), chart.y(value), 4, 0, 2 * Math.PI);
    context.fill();
    context.font = `600 ${CURVE_TEXT}px ${theme.font}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const words = chart.name === "kl" ? klInWords(value) : momentInWords(value);
    context.fillText(`z${highlighted + 1}: ${words}`, layout.right, chart.top - 10);
  }
}

/**
 * The figures of all epochs that have been loaded. `version` changes with what they are.
 * @param epochs all of the run; @param frameOf the frame of an epoch, or a missing value.
 */
export function readHistory(epochs, frameOf, previous) {
  const loaded = [];
  for (const epoch of epochs) {
    const frame = frameOf(epoch);
    if (frame) loaded.push({ epoch, frame });
  }
  const same =
    previous?.loaded.length === loaded.length &&
    previous.epochs.length === epochs.length &&
    loaded.every(({ frame }, index) => frame === previous.loaded[index].frame);
  if (same) return previous;
  const version = (previous?.version ?? 0) + 1;
  const count = loaded[0]?.frame.kl.values.length ?? 0;
  const [kl, mean, variance] = CURVES.map(({ name }) => extremesOf(loaded, name));
  return { epochs, loaded, count, version, largestKl: () => [kl[1]], range: rangesOf(kl, mean, variance) };
}

function extremesOf(loaded, name) {
  let [low, high] = [Infinity, -Infinity];
  for (const { frame } of loaded) {
    for (const value of frame[name].values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}

/** From zero for what is never negative, and around zero for means; never so narrow that noise fills the chart. */
function rangesOf(kl, mean, variance) {
  const reach = Math.max(0.5, -mean[0], mean[1]);
  return { kl: [0, Math.max(0.1, kl[1])], mean: [-reach, reach], variance: [0, Math.max(1.2, variance[1])] };
}
