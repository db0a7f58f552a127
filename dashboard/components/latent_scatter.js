// Points of a latent plane, coloured by label, over the rings of the prior.

const MARGIN = { left: 34, right: 10, top: 10, bottom: 34 };
const TICK_SIZE = 12;
const LARGEST = 560;
const REACH = 10;
const SPRITE = 24;

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
  const view = { surface, points: null, chosen: null, marked: null };
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
  if (!points || !available) return;
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
  paint(context, { ...view, frame, marked: null }, theme);
  return canvas;
}

/** Maps z to CSS pixels: a square plane from -limit to limit, y upwards. */
function frameOf({ limit }, size) {
  const side = size - MARGIN.left - MARGIN.right;
  const scale = side / (2 * limit);
  return {
    size,
    side,
    scale,
    x: (z) => MARGIN.left + (z + limit) * scale,
    y: (z) => MARGIN.top + (limit - z) * scale,
  };
}

function paint(context, view, theme) {
  const { header } = view.points;
  paintAxes(context, view.frame, header, theme);
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top, view.frame.side, view.frame.side);
  context.clip();
  paintPoints(context, view, theme);
  paintPrior(context, view.frame, header, theme);
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

function paintPoints(context, view, theme) {
  const { frame, points, chosen } = view;
  const { x, y, labels, header } = points;
  const radius = radiusFor(x.length, frame.side);
  const sprites = header.class_names.map((_, label) => spriteOf(label, theme, radius));
  const half = radius * 1.5;
  for (let index = 0; index < x.length; index++) {
    context.globalAlpha = chosen === null || labels[index] === chosen ? 0.85 : 0.06;
    const left = frame.x(x[index]) - half;
    context.drawImage(sprites[labels[index]], left, frame.y(y[index]) - half, 2 * half, 2 * half);
  }
  context.globalAlpha = 1;
}

/** Fewer points are drawn larger. */
function radiusFor(count, side) {
  const crowd = count > 4000 ? 1.7 : count > 1000 ? 2.2 : count > 200 ? 3 : 4;
  return crowd * Math.max(0.8, Math.min(1.15, side / 460));
}

function paintMark(context, view, theme) {
  const { frame, points, marked } = view;
  context.strokeStyle = theme.text;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(frame.x(points.x[marked]), frame.y(points.y[marked]), 6, 0, 2 * Math.PI);
  context.stroke();
  context.lineWidth = 1;
}

/** A label's mark, drawn once and then copied; labels beyond the palette reuse its colours with another shape. */
function spriteOf(label, theme, radius) {
  const sprite = document.createElement("canvas");
  sprite.width = sprite.height = SPRITE;
  const context = sprite.getContext("2d");
  context.fillStyle = theme.colors[label % theme.colors.length];
  traceShape(context, Math.floor(label / theme.colors.length) % 4, SPRITE / 2, SPRITE / 3);
  context.fill();
  if (radius >= 2) {
    context.strokeStyle = theme.background;
    context.lineWidth = 1.5;
    context.stroke();
  }
  return sprite;
}

function traceShape(context, shape, centre, radius) {
  const corners = [0, 4, 3, 4][shape];
  const turn = [0, Math.PI / 4, -Math.PI / 2, 0][shape];
  context.beginPath();
  if (!corners) context.arc(centre, centre, radius, 0, 2 * Math.PI);
  for (let corner = 0; corner < corners; corner++) {
    const angle = turn + (2 * Math.PI * corner) / corners;
    context.lineTo(centre + 1.2 * radius * Math.cos(angle), centre + 1.2 * radius * Math.sin(angle));
  }
  context.closePath();
}
