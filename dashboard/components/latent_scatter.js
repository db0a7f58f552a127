// Points of a latent plane, coloured by label, over the rings of the prior.

const MARGIN = { left: 34, right: 10, top: 10, bottom: 34 };
const TICK_SIZE = 12;
const LARGEST = 560;
// Narrower is nobody's picture: a sidebar or tab on its way in or out.
const SMALLEST = 96;
const REACH = 10;

export default function (component) {
  const { parentElement, data } = component;
  const view = (parentElement.latentScatter ??= createView(parentElement));
  view.show(unpack(data));
  return view.dispose;
}

function createView(parentElement) {
  const surface = createSurface(parentElement);
  surface.figure.classList.add("scatter");
  surface.legend = createElement("div", "legend", surface.figure);
  surface.figure.insertBefore(surface.legend, surface.caption);
  surface.tooltip = createTooltip(surface.stage);
  const view = { surface, points: null, chosen: null, marked: null, layer: createPointLayer() };
  const draw = () => drawOnScreen(view);
  listenToPointer(view, draw);
  surface.download.addEventListener("click", () => {
    savePicture(drawExport(view), view.points.header.file_name);
  });
  const stop = redrawOnChange(surface, () => {
    fillLegend(view, draw);
    draw();
  });
  return {
    show({ header, arrays }) {
      view.points = {
        header,
        x: arrays.x.values,
        y: arrays.y.values,
        labels: arrays.labels.values,
        indices: arrays.indices.values,
      };
      labelSurface(surface, header);
      fillLegend(view, draw);
      draw();
    },
    dispose() {
      stop();
      surface.figure.remove();
      delete parentElement.latentScatter;
    },
  };
}

/** What is shown about the point under the mouse; `picture` is where its image belongs. */
function createTooltip(stage) {
  const box = createElement("div", "tooltip", stage);
  box.hidden = true;
  return { box, picture: createElement("div", "tooltip-picture", box), text: createElement("div", "tooltip-text", box) };
}

function drawOnScreen(view) {
  const { surface, points } = view;
  const available = surface.figure.clientWidth;
  if (!points || available < SMALLEST) return;
  const theme = readTheme(surface.figure);
  view.frame = frameOf(points.header, Math.min(available, LARGEST));
  const context = sizeCanvas(surface.canvas, view.frame.size, view.frame.size);
  paint(context, view, theme);
}

function drawExport(view) {
  const canvas = document.createElement("canvas");
  const theme = readTheme(view.surface.figure);
  const frame = frameOf(view.points.header, LARGEST);
  const context = sizeCanvas(canvas, frame.size, frame.size, 2);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, frame.size, frame.size);
  paint(context, { ...view, frame, marked: null, layer: createPointLayer() }, theme);
  return canvas;
}

/** Maps z to CSS pixels: a square plane from -limit to limit, y upwards. */
function frameOf({ limit }, size) {
  const side = size - MARGIN.left - MARGIN.right;
  const scale = side / (2 * limit);
  return {
    size,
    left: MARGIN.left,
    top: MARGIN.top,
    side,
    scale,
    x: (z) => MARGIN.left + (z + limit) * scale,
    y: (z) => MARGIN.top + (limit - z) * scale,
  };
}

function paint(context, view, theme) {
  const { frame, points } = view;
  stampPoints(context, view.layer, view, theme, radiusFor(points.x.length, frame.side));
  paintAxes(context, frame, points.header, theme);
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top, frame.side, frame.side);
  context.clip();
  paintPrior(context, frame, points.header, theme);
  if (view.marked !== null) paintMark(context, view, theme);
  context.restore();
}

function paintAxes(context, frame, header, theme) {
  const right = MARGIN.left + frame.side;
  const bottom = MARGIN.top + frame.side;
  context.lineWidth = 1;
  context.strokeStyle = theme.border;
  context.strokeRect(MARGIN.left, MARGIN.top, frame.side, frame.side);
  context.fillStyle = theme.text;
  context.font = `${TICK_SIZE}px ${theme.font}`;
  context.globalAlpha = 0.75;
  context.textBaseline = "middle";
  for (const tick of ticksOf(header.limit)) {
    const name = String(tick).replace("-", "−");
    context.textAlign = "center";
    context.fillText(name, frame.x(tick), bottom + 10);
    context.textAlign = "right";
    if (!header.one_dimensional) context.fillText(name, MARGIN.left - 6, frame.y(tick));
  }
  context.textAlign = "center";
  context.fillText(header.x_title, (MARGIN.left + right) / 2, bottom + 25);
  context.translate(8, (MARGIN.top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(header.y_title, 0, 0);
  context.rotate(Math.PI / 2);
  context.translate(-8, -(MARGIN.top + bottom) / 2);
  context.globalAlpha = 1;
}

/** Round numbers on both sides of zero. */
function ticksOf(limit) {
  const step = [0.5, 1, 2, 5, 10, 20, 50].find((size) => limit / size <= 3) ?? limit / 2;
  const count = Math.floor(limit / step);
  return Array.from({ length: 2 * count + 1 }, (_, index) => (index - count) * step);
}

/** The prior's 1, 2 and 3 standard deviations: rings in a plane, pairs of lines over one dimension. */
function paintPrior(context, frame, header, theme) {
  context.strokeStyle = theme.text;
  context.fillStyle = theme.text;
  context.font = `${TICK_SIZE - 1}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const sigma of [1, 2, 3]) {
    context.globalAlpha = 0.5;
    context.setLineDash([4, 4]);
    context.beginPath();
    if (header.one_dimensional) {
      for (const z of [-sigma, sigma]) {
        context.moveTo(frame.x(z), MARGIN.top);
        context.lineTo(frame.x(z), MARGIN.top + frame.side);
      }
    } else {
      context.arc(frame.x(0), frame.y(0), sigma * frame.scale, 0, 2 * Math.PI);
    }
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 0.85;
    const height = header.one_dimensional ? MARGIN.top + 12 : Math.max(MARGIN.top + TICK_SIZE / 2 + 2, frame.y(sigma));
    paintPatchText(context, `${sigma}σ`, frame.x(header.one_dimensional ? sigma : 0), height, theme);
  }
  context.globalAlpha = 1;
}

/** Text on a patch of background, readable over points. */
function paintPatchText(context, text, x, y, theme) {
  const width = context.measureText(text).width + 6;
  context.fillStyle = theme.background;
  context.fillRect(x - width / 2, y - TICK_SIZE / 2 - 1, width, TICK_SIZE + 2);
  context.fillStyle = theme.text;
  context.fillText(text, x, y);
}

/** Fewer points are drawn larger. */
function radiusFor(count, side) {
  const crowd = count > 4000 ? 1.7 : count > 1000 ? 2.2 : count > 200 ? 3 : 4;
  return crowd * Math.max(0.8, Math.min(1.15, side / 460));
}

function paintMark(context, view, theme) {
  const { frame, points, marked } = view;
  for (const [color, width] of [[theme.background, 5], [theme.text, 2]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.arc(frame.x(points.x[marked]), frame.y(points.y[marked]), 6, 0, 2 * Math.PI);
    context.stroke();
  }
  context.lineWidth = 1;
}
