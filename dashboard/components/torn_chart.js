// How much of each model lies off the manifold, over the epochs, with a cursor at the shown one.

const TEAR_TEXT = 12;
const TEAR_HEIGHT = 150;
const TEAR_LINE = 18;
const TEAR_SAMPLE = 28;
const TEAR_EXPORT_RATIO = 3;
const TEAR_MARGIN = { left: 40, right: 12, top: 26, bottom: 24 };
// A line is told from another by its dashes as well as by its colour.
const TEAR_DASHES = [[], [6, 4], [2, 3]];

function createTearChart(host, place, title) {
  const stage = createElement("div", "tear-chart", host);
  const canvas = createElement("canvas", "picture", stage);
  canvas.setAttribute("role", "img");
  const download = createDownloadButton(stage, "PNG of this chart");
  let shown = null;
  download.addEventListener("click", () => {
    if (shown) savePicture(drawTearChart(title, place, shown), `${title.toLowerCase().replaceAll(" ", "_")}.png`);
  });
  return {
    stage,
    /** tears: [{name, byEpoch: Map of epoch to the shares}], one for each model. */
    show(tears, epochs, epoch, theme) {
      const width = stage.clientWidth;
      if (width < 120) return;
      shown = { tears, epochs, epoch, theme, width };
      paintTearChart(sizeCanvas(canvas, width, TEAR_HEIGHT), title, place, shown);
      const words = tears.map(({ name, byEpoch }) => `${name}: ${percent(byEpoch.get(epoch)?.[place])}`);
      canvas.setAttribute("aria-label", `${title} at epoch ${epoch}: ${words.join(", ")}`);
    },
  };
}

function paintTearChart(context, title, place, { tears, epochs, epoch, theme, width }) {
  const layout = tearLayout(epochs, width);
  paintTearFrame(context, layout, title, theme);
  tears.forEach((tear, index) => strokeTear(context, layout, tear, place, index, theme));
  context.fillStyle = theme.primary;
  context.fillRect(layout.x(epoch) - 0.75, TEAR_MARGIN.top, 1.5, layout.bottom - TEAR_MARGIN.top);
}

/** The chart for a file, with its legend below. */
function drawTearChart(title, place, shown) {
  const { tears, theme, width } = shown;
  const height = TEAR_HEIGHT + TEAR_LINE * tears.length + TEAR_LINE / 2;
  const canvas = document.createElement("canvas");
  const context = sizeCanvas(canvas, width, height, TEAR_EXPORT_RATIO);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  paintTearChart(context, title, place, shown);
  context.textAlign = "left";
  tears.forEach(({ name }, index) => {
    const y = TEAR_HEIGHT + TEAR_LINE * (index + 0.5);
    strokeTearSample(context, TEAR_MARGIN.left, y, index, theme);
    context.fillStyle = theme.text;
    context.fillText(name, TEAR_MARGIN.left + TEAR_SAMPLE + 8, y);
  });
  return canvas;
}

function percent(share) {
  if (share === undefined || Number.isNaN(share)) return "–";
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function tearLayout(epochs, width) {
  const [first, last] = [epochs[0], epochs.at(-1)];
  const across = width - TEAR_MARGIN.left - TEAR_MARGIN.right;
  const bottom = TEAR_HEIGHT - TEAR_MARGIN.bottom;
  return {
    epochs,
    first,
    last,
    bottom,
    right: width - TEAR_MARGIN.right,
    x: (epoch) => TEAR_MARGIN.left + (last > first ? (across * (epoch - first)) / (last - first) : across / 2),
    y: (share) => bottom - share * (bottom - TEAR_MARGIN.top),
  };
}

function paintTearFrame(context, layout, title, theme) {
  context.font = `${TEAR_TEXT}px ${theme.font}`;
  context.textBaseline = "middle";
  context.fillStyle = theme.text;
  context.textAlign = "left";
  context.fillText(title, TEAR_MARGIN.left, 12);
  context.globalAlpha = 0.75;
  context.textAlign = "right";
  for (const share of [0, 0.5, 1]) context.fillText(`${100 * share} %`, TEAR_MARGIN.left - 6, layout.y(share));
  const low = TEAR_HEIGHT - 10;
  context.fillText(String(layout.last), layout.right, low);
  context.textAlign = "left";
  context.fillText(String(layout.first), TEAR_MARGIN.left, low);
  context.textAlign = "center";
  context.fillText("epoch", (TEAR_MARGIN.left + layout.right) / 2, low);
  context.globalAlpha = 1;
  context.strokeStyle = theme.border;
  context.lineWidth = 1;
  context.strokeRect(TEAR_MARGIN.left, TEAR_MARGIN.top, layout.right - TEAR_MARGIN.left, layout.bottom - TEAR_MARGIN.top);
}

function strokeTear(context, layout, { byEpoch }, place, index, theme) {
  context.strokeStyle = theme.colors[index % theme.colors.length];
  context.lineWidth = 2;
  context.setLineDash(TEAR_DASHES[index % TEAR_DASHES.length]);
  context.beginPath();
  for (const epoch of layout.epochs) {
    const share = byEpoch.get(epoch)?.[place];
    if (share !== undefined && !Number.isNaN(share)) context.lineTo(layout.x(epoch), layout.y(share));
  }
  context.stroke();
  context.setLineDash([]);
}

function fillTearLegend(host, models, theme) {
  host.replaceChildren();
  models.forEach(({ title }, index) => {
    const entry = createElement("span", "tear-legend-entry", host);
    const sample = createElement("canvas", "", entry);
    strokeTearSample(sizeCanvas(sample, TEAR_SAMPLE, 12), 0, 6, index, theme);
    createElement("span", "", entry, title);
  });
}

/** A short piece of a model's line. */
function strokeTearSample(context, x, y, index, theme) {
  context.strokeStyle = theme.colors[index % theme.colors.length];
  context.lineWidth = 2;
  context.setLineDash(TEAR_DASHES[index % TEAR_DASHES.length]);
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + TEAR_SAMPLE, y);
  context.stroke();
  context.setLineDash([]);
}
