// Points on a torn manifold and what models make of them, side by side, over the epochs of their training.

const TORN_LAYERS = { data: "Noisy points", truth: "True curves", reconstruction: "Reconstructions", sweep: "Decoded curve" };

export default function (component) {
  const { parentElement, data } = component;
  const tears = (parentElement.tears ??= { data: null, view: null, byModel: new Map() });
  if (data && data !== tears.data) keepTears(tears, data);
  return createFilm(component, (host, film) => createTornPictures(host, film, tears));
}

/** Keeps each epoch's shares: they are small, and the charts show those of all epochs. */
function keepTears(tears, data) {
  const { header, arrays } = unpack(data);
  if (header.view !== tears.view) Object.assign(tears, { view: header.view, byModel: new Map() });
  tears.data = data;
  for (const { name } of header.picture.models) {
    const shares = arrays[`frame/tear_${name}`]?.values;
    if (!tears.byModel.has(name)) tears.byModel.set(name, new Map());
    header.frame_epochs.forEach((epoch, place) => {
      tears.byModel.get(name).set(epoch, shares.slice(2 * place, 2 * place + 2));
    });
  }
}

function createTornPictures(host, film, tears) {
  const layout = createElement("div", "torn-film", host);
  const shown = Object.fromEntries(Object.keys(TORN_LAYERS).map((name) => [name, true]));
  const state = { film, tears, layout, shown, cells: [], picture: null, arrays: null, epoch: 0 };
  const redraw = () => drawTorn(state, true);
  state.buttons = createLayerButtons(createElement("div", "torn-layers", layout), shown, redraw);
  state.planes = createElement("div", "torn-planes", layout);
  state.legend = createElement("div", "tear-legend", layout);
  const charts = createElement("div", "torn-charts", layout);
  state.charts = [
    createTearChart(charts, 0, "Reconstructed points off the manifold"),
    createTearChart(charts, 1, "Decoded curve off the manifold"),
  ];
  return {
    show(picture, shared, frame, epoch) {
      if (!frame) return;
      const isNews = picture !== state.picture;
      if (isNews) arrangeModels(state, picture, redraw);
      Object.assign(state, { picture, shared, frame, epoch });
      drawTorn(state, isNews);
    },
    dispose() {
      state.cells.forEach((cell) => cell.dispose());
      layout.remove();
    },
  };
}

function createLayerButtons(host, shown, redraw) {
  const buttons = {};
  for (const [name, title] of Object.entries(TORN_LAYERS)) {
    const button = createElement("button", "legend-entry", host, title);
    button.type = "button";
    button.title = `Show or hide: ${title.toLowerCase()}`;
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      shown[name] = !shown[name];
      button.setAttribute("aria-pressed", String(shown[name]));
      redraw();
    });
    buttons[name] = button;
  }
  return buttons;
}

function arrangeModels(state, { models }, redraw) {
  while (state.cells.length > models.length) state.cells.pop().dispose();
  while (state.cells.length < models.length) state.cells.push(createModelCell(state, redraw));
  models.forEach((model, index) => {
    labelSurface(state.cells[index].surface, { ...model, caption: "" });
    Object.assign(state.cells[index], { model });
  });
  fillTearLegend(state.legend, models, readTheme(state.layout));
}

function createModelCell(state, redraw) {
  const surface = createSurface(state.planes);
  const cell = { surface, ground: document.createElement("canvas"), model: null };
  const stop = redrawOnChange(surface, redraw);
  surface.download.addEventListener("click", () => {
    savePicture(exportModel(state, cell), nameWithEpoch(cell.model.file_name, state.epoch));
  });
  cell.dispose = () => {
    stop();
    surface.figure.remove();
  };
  return cell;
}

/** withGround: also what does not change from epoch to epoch. */
function drawTorn(state, withGround) {
  if (!state.frame) return;
  for (const cell of state.cells) {
    const width = Math.min(cell.surface.figure.clientWidth, LARGEST_TORN);
    if (width >= 120) drawModel(state, cell, width, withGround);
    captionModel(state, cell);
  }
  if (!state.cells.length) return;
  const { figure } = state.cells[0].surface;
  const theme = { ...readTheme(figure), primary: getComputedStyle(figure).getPropertyValue("--st-primary-color").trim() };
  const tears = state.picture.models.map(({ name, title }) => ({ name: title, byEpoch: state.tears.byModel.get(name) }));
  showCurveParts(state);
  state.charts.forEach((chart) => chart.show(tears, state.film.epochs(), state.epoch, theme));
}

/** A code of several numbers has no curve that it could be swept along. */
function showCurveParts({ picture, frame, buttons, charts }) {
  const hasCurve = picture.models.some(({ name }) => frame[`sweep_${name}`]);
  buttons.sweep.hidden = !hasCurve;
  charts[1].stage.hidden = !hasCurve;
}

function drawModel(state, cell, width, withGround) {
  const theme = readTheme(cell.surface.figure);
  const frame = tornFrame(state.picture.extent, width);
  const { canvas } = cell.surface;
  if (withGround || cell.ground.width !== canvas.width) {
    paintTornGround(sizeCanvas(cell.ground, frame.width, frame.height), frame, groundOf(state), state.shown, theme);
  }
  const context = sizeCanvas(canvas, frame.width, frame.height);
  context.drawImage(cell.ground, 0, 0, frame.width, frame.height);
  paintTornModel(context, frame, modelArrays(state, cell), state.shown, theme);
}

function exportModel(state, cell) {
  const theme = readTheme(cell.surface.figure);
  const frame = tornFrame(state.picture.extent, LARGEST_TORN);
  const canvas = document.createElement("canvas");
  const context = sizeCanvas(canvas, frame.width, frame.height, 2);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, frame.width, frame.height);
  paintTornGround(context, frame, groundOf(state), state.shown, theme);
  paintTornModel(context, frame, modelArrays(state, cell), state.shown, theme);
  return canvas;
}

function groundOf({ shared, picture }) {
  const pieces = picture.class_names.map((_, label) => shared[`piece_${label}`].values);
  return { points: shared.points.values, labels: shared.labels.values, pieces };
}

function modelArrays({ frame, shared }, { model: { name } }) {
  return {
    reconstruction: frame[`reconstruction_${name}`],
    sweep: frame[`sweep_${name}`] ?? null,
    off: frame[`off_${name}`] ?? null,
    labels: shared.labels.values,
  };
}

function captionModel({ frame, picture }, { surface, model }) {
  const [points, curve] = frame[`tear_${model.name}`].values;
  const ofCurve = Number.isNaN(curve) ? "" : ` and ${percent(curve)} of the decoded curve`;
  const [distance] = frame[`distance_${model.name}`].values;
  surface.caption.textContent =
    `Off the manifold: ${percent(points)} of the reconstructed points${ofCurve}. ` +
    `From a noisy point to its reconstruction: ${distance.toFixed(3)}; the noise is ${picture.noise}.`;
  surface.caption.hidden = false;
}
