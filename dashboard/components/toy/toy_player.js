// @ts-check
// Points on a disconnected manifold and what models make of them, side by side, over the epochs of their training.

import { createShareChart, fillShareLegend, percent } from "./chart.js";
import { LARGEST_TOY, paintToyData, paintToyModel, toyFrame } from "./painter.js";
import { createEpochPlayer } from "../player/epoch_player.js";
import { createElement } from "../shared/controls.js";
import {
  createSurface,
  labelSurface,
  nameWithEpoch,
  readTheme,
  redrawOnChange,
  savePicture,
  sizeCanvas,
} from "../shared/surface.js";

const TOY_LAYERS = { data: "Noisy points", truth: "True curves", reconstruction: "Reconstructions", sweep: "Decoded curve" };

export default (component) => createEpochPlayer(component, createToyPictures);

/** Keeps each epoch's shares: they are small, and the charts show those of all epochs. */
function keepOffShares(offShares, { header, arrays }) {
  if (header.view !== offShares.view) Object.assign(offShares, { view: header.view, byModel: new Map() });
  for (const { name } of header.picture.models) {
    const shares = arrays[`frame/off_manifold_${name}`]?.values;
    if (!offShares.byModel.has(name)) offShares.byModel.set(name, new Map());
    header.frame_epochs.forEach((epoch, place) => {
      offShares.byModel.get(name).set(epoch, shares.slice(2 * place, 2 * place + 2));
    });
  }
}

function createToyPictures(host, player) {
  const offShares = { view: null, byModel: new Map() };
  const layout = createElement("div", "toy-player", host);
  const shown = Object.fromEntries(Object.keys(TOY_LAYERS).map((name) => [name, true]));
  const state = { player, offShares, layout, shown, cells: [], picture: null, arrays: null, epoch: 0 };
  const redraw = () => drawToy(state, true);
  state.buttons = createLayerButtons(createElement("div", "toy-layers", layout), shown, redraw);
  state.planes = createElement("div", "toy-planes", layout);
  state.legend = createElement("div", "toy-legend", layout);
  const charts = createElement("div", "toy-charts", layout);
  state.charts = [
    createShareChart(charts, 0, "Reconstructed points off the manifold"),
    createShareChart(charts, 1, "Decoded curve off the manifold"),
  ];
  return {
    receive: (blob) => keepOffShares(offShares, blob),
    show(picture, shared, frame, epoch) {
      if (!frame) return;
      const isNews = picture !== state.picture;
      if (isNews) arrangeModels(state, picture, redraw);
      Object.assign(state, { picture, shared, frame, epoch });
      drawToy(state, isNews);
    },
    dispose() {
      state.cells.forEach((cell) => cell.dispose());
      layout.remove();
    },
  };
}

function createLayerButtons(host, shown, redraw) {
  const buttons = {};
  for (const [name, title] of Object.entries(TOY_LAYERS)) {
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
  fillShareLegend(state.legend, models, readTheme(state.layout));
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
function drawToy(state, withGround) {
  if (!state.frame) return;
  for (const cell of state.cells) {
    const width = Math.min(cell.surface.figure.clientWidth, LARGEST_TOY);
    if (width >= 120) drawModel(state, cell, width, withGround);
    captionModel(state, cell);
  }
  if (!state.cells.length) return;
  const { figure } = state.cells[0].surface;
  const theme = { ...readTheme(figure), primary: getComputedStyle(figure).getPropertyValue("--st-primary-color").trim() };
  const offShares = state.picture.models.map(({ name, title }) => ({ name: title, byEpoch: state.offShares.byModel.get(name) }));
  showCurveParts(state);
  state.charts.forEach((chart) => chart.show(offShares, state.player.epochs(), state.epoch, theme));
}

/** A code of several numbers has no curve that it could be swept along. */
function showCurveParts({ picture, frame, buttons, charts }) {
  const hasCurve = picture.models.some(({ name }) => frame[`sweep_${name}`]);
  buttons.sweep.hidden = !hasCurve;
  charts[1].stage.hidden = !hasCurve;
}

function drawModel(state, cell, width, withGround) {
  const theme = readTheme(cell.surface.figure);
  const frame = toyFrame(state.picture.extent, width);
  const { canvas } = cell.surface;
  if (withGround || cell.ground.width !== canvas.width) {
    paintToyData(sizeCanvas(cell.ground, frame.width, frame.height), frame, groundOf(state), state.shown, theme);
  }
  const context = sizeCanvas(canvas, frame.width, frame.height);
  context.drawImage(cell.ground, 0, 0, frame.width, frame.height);
  paintToyModel(context, frame, modelArrays(state, cell), state.shown, theme);
}

function exportModel(state, cell) {
  const theme = readTheme(cell.surface.figure);
  const frame = toyFrame(state.picture.extent, LARGEST_TOY);
  const canvas = document.createElement("canvas");
  const context = sizeCanvas(canvas, frame.width, frame.height, 2);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, frame.width, frame.height);
  paintToyData(context, frame, groundOf(state), state.shown, theme);
  paintToyModel(context, frame, modelArrays(state, cell), state.shown, theme);
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
  const [points, curve] = frame[`off_manifold_${model.name}`].values;
  const ofCurve = Number.isNaN(curve) ? "" : ` and ${percent(curve)} of the decoded curve`;
  const [distance] = frame[`distance_${model.name}`].values;
  surface.caption.textContent =
    `Off the manifold: ${percent(points)} of the reconstructed points${ofCurve}. ` +
    `From a noisy point to its reconstruction: ${distance.toFixed(3)}; the noise is ${picture.noise}.`;
  surface.caption.hidden = false;
}
