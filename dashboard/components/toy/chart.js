// @ts-check
// How much of each model lies off the manifold, over the epochs, with a cursor at the shown one.

import { createElement } from "../shared/controls.js";
import { createDownloadButton, savePicture, sizeCanvas } from "../shared/surface.js";

const SHARE_TEXT = 12;
const SHARE_HEIGHT = 150;
const SHARE_LINE = 18;
const SHARE_SAMPLE = 28;
const SHARE_EXPORT_RATIO = 3;
const SHARE_MARGIN = { left: 40, right: 12, top: 26, bottom: 24 };
// A line is told from another by its dashes as well as by its colour.
const SHARE_DASHES = [[], [6, 4], [2, 3]];

export function createShareChart(host, place, title) {
  const stage = createElement("div", "toy-chart", host);
  const canvas = createElement("canvas", "picture", stage);
  canvas.setAttribute("role", "img");
  const download = createDownloadButton(stage, "PNG of this chart");
  let shown = null;
  download.addEventListener("click", () => {
    if (shown) savePicture(drawShareChart(title, place, shown), `${title.toLowerCase().replaceAll(" ", "_")}.png`);
  });
  return {
    stage,
    /** offShares: [{name, byEpoch: Map of epoch to the shares}], one for each model. */
    show(offShares, epochs, epoch, theme) {
      const width = stage.clientWidth;
      if (width < 120) return;
      shown = { offShares, epochs, epoch, theme, width };
      paintShareChart(sizeCanvas(canvas, width, SHARE_HEIGHT), title, place, shown);
      const words = offShares.map(({ name, byEpoch }) => `${name}: ${percent(byEpoch.get(epoch)?.[place])}`);
      canvas.setAttribute("aria-label", `${title} at epoch ${epoch}: ${words.join(", ")}`);
    },
  };
}

function paintShareChart(context, title, place, { offShares, epochs, epoch, theme, width }) {
  const layout = shareLayout(epochs, width);
  paintShareFrame(context, layout, title, theme);
  offShares.forEach((offShare, index) => strokeShare(context, layout, offShare, place, index, theme));
  context.fillStyle = theme.primary;
  context.fillRect(layout.x(epoch) - 0.75, SHARE_MARGIN.top, 1.5, layout.bottom - SHARE_MARGIN.top);
}

/** The chart for a file, with its legend below. */
function drawShareChart(title, place, shown) {
  const { offShares, theme, width } = shown;
  const height = SHARE_HEIGHT + SHARE_LINE * offShares.length + SHARE_LINE / 2;
  const canvas = document.createElement("canvas");
  const context = sizeCanvas(canvas, width, height, SHARE_EXPORT_RATIO);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  paintShareChart(context, title, place, shown);
  context.textAlign = "left";
  offShares.forEach(({ name }, index) => {
    const y = SHARE_HEIGHT + SHARE_LINE * (index + 0.5);
    strokeShareSample(context, SHARE_MARGIN.left, y, index, theme);
    context.fillStyle = theme.text;
    context.fillText(name, SHARE_MARGIN.left + SHARE_SAMPLE + 8, y);
  });
  return canvas;
}

export function percent(share) {
  if (share === undefined || Number.isNaN(share)) return "–";
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function shareLayout(epochs, width) {
  const [first, last] = [epochs[0], epochs.at(-1)];
  const across = width - SHARE_MARGIN.left - SHARE_MARGIN.right;
  const bottom = SHARE_HEIGHT - SHARE_MARGIN.bottom;
  return {
    epochs,
    first,
    last,
    bottom,
    right: width - SHARE_MARGIN.right,
    x: (epoch) => SHARE_MARGIN.left + (last > first ? (across * (epoch - first)) / (last - first) : across / 2),
    y: (share) => bottom - share * (bottom - SHARE_MARGIN.top),
  };
}

function paintShareFrame(context, layout, title, theme) {
  context.font = `${SHARE_TEXT}px ${theme.font}`;
  context.textBaseline = "middle";
  context.fillStyle = theme.text;
  context.textAlign = "left";
  context.fillText(title, SHARE_MARGIN.left, 12);
  context.globalAlpha = 0.75;
  context.textAlign = "right";
  for (const share of [0, 0.5, 1]) context.fillText(`${100 * share} %`, SHARE_MARGIN.left - 6, layout.y(share));
  const low = SHARE_HEIGHT - 10;
  context.fillText(String(layout.last), layout.right, low);
  context.textAlign = "left";
  context.fillText(String(layout.first), SHARE_MARGIN.left, low);
  context.textAlign = "center";
  context.fillText("epoch", (SHARE_MARGIN.left + layout.right) / 2, low);
  context.globalAlpha = 1;
  context.strokeStyle = theme.border;
  context.lineWidth = 1;
  context.strokeRect(SHARE_MARGIN.left, SHARE_MARGIN.top, layout.right - SHARE_MARGIN.left, layout.bottom - SHARE_MARGIN.top);
}

function strokeShare(context, layout, { byEpoch }, place, index, theme) {
  context.strokeStyle = theme.colors[index % theme.colors.length];
  context.lineWidth = 2;
  context.setLineDash(SHARE_DASHES[index % SHARE_DASHES.length]);
  context.beginPath();
  for (const epoch of layout.epochs) {
    const share = byEpoch.get(epoch)?.[place];
    if (share !== undefined && !Number.isNaN(share)) context.lineTo(layout.x(epoch), layout.y(share));
  }
  context.stroke();
  context.setLineDash([]);
}

export function fillShareLegend(host, models, theme) {
  host.replaceChildren();
  models.forEach(({ title }, index) => {
    const entry = createElement("span", "toy-legend-entry", host);
    const sample = createElement("canvas", "", entry);
    strokeShareSample(sizeCanvas(sample, SHARE_SAMPLE, 12), 0, 6, index, theme);
    createElement("span", "", entry, title);
  });
}

/** A short piece of a model's line. */
function strokeShareSample(context, x, y, index, theme) {
  context.strokeStyle = theme.colors[index % theme.colors.length];
  context.lineWidth = 2;
  context.setLineDash(SHARE_DASHES[index % SHARE_DASHES.length]);
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + SHARE_SAMPLE, y);
  context.stroke();
  context.setLineDash([]);
}
