// @ts-check
// What the model makes of a drawing: what it was given, which label it is, and its versions under every label.

import { createElement, nameControl } from "../shared/controls.js";
import { imageCanvas, paintImage, setImageSize } from "../shared/image_canvas.js";
import { createLabelCells } from "../shared/label_cells.js";
import { nameWithEpoch } from "../shared/surface.js";

const GIVEN_WIDTH = 84;
const RANKS = 10;
const LEFT_TO_MODEL = "";

/** chooseLabel(label | null): the person says which label it is, or leaves it to the model. */
export function createPadAnswer(host, chooseLabel) {
  const middle = createElement("div", "pad-middle", host);
  const given = createElement("figure", "pad-given", middle);
  const answer = { host, middle, given, chooseLabel, rows: [], key: "" };
  answer.givenImage = null;
  answer.select = createLabelSelect(middle, chooseLabel);
  answer.ranking = createElement("ol", "pad-ranking", middle);
  answer.ranking.setAttribute("aria-label", "Labels ranked by ELBO");
  answer.versions = createElement("div", "pad-versions", host);
  answer.cells = createLabelCells(answer.versions);
  answer.hint = createElement("p", "pad-hint", answer.versions);
  answer.hint.setAttribute("role", "status");
  return {
    setUp: (model) => setUpAnswer(answer, model),
    show: (reading, model) => showAnswer(answer, reading, model),
    dispose: () => answer.cells.dispose(),
  };
}

function createLabelSelect(parent, chooseLabel) {
  const field = createElement("label", "pad-label", parent);
  createElement("span", "", field, "Label");
  const select = createElement("select", "button pad-select", field);
  nameControl(select, "Which label the drawing has");
  select.addEventListener("change", () => chooseLabel(select.value === LEFT_TO_MODEL ? null : Number(select.value)));
  return { field, select };
}

/** Makes what depends on the labels and the size of the images. */
function setUpAnswer(answer, { classNames, imageShape, conditional, epoch }) {
  const names = conditional ? classNames : [""];
  const title = conditional ? "As every label" : "As the model draws it";
  answer.cells.setUp({ names, imageShape, title, fileName: nameWithEpoch("drawing_as_every_label.png", epoch) });
  const key = JSON.stringify([names, imageShape]);
  if (key === answer.key) return;
  answer.key = key;
  setUpGiven(answer, imageShape);
  answer.select.field.hidden = answer.ranking.hidden = !conditional;
  const options = [new Option("the model's choice", LEFT_TO_MODEL)];
  answer.select.select.replaceChildren(...options, ...names.map((name, label) => new Option(name, label)));
  answer.ranking.replaceChildren();
  answer.rows = names.slice(0, conditional ? RANKS : 0).map(() => createRank(answer.ranking, answer.chooseLabel));
}

function setUpGiven(answer, imageShape) {
  const [height, width] = imageShape;
  const scale = Math.max(1, Math.floor(GIVEN_WIDTH / width));
  answer.given.replaceChildren();
  answer.givenImage = imageCanvas(answer.given, "pixels", imageShape);
  setImageSize(answer.givenImage, width * scale, height * scale);
  answer.givenImage.setAttribute("aria-label", "What the model is given");
  createElement("figcaption", "pad-given-name", answer.given, "What the model is given");
}

function createRank(ranking, chooseLabel) {
  const item = createElement("li", "pad-rank", ranking);
  const button = createElement("button", "pad-rank-button", item);
  button.type = "button";
  const bar = createElement("span", "pad-rank-bar", button);
  const name = createElement("span", "pad-rank-name", button);
  const nats = createElement("span", "pad-rank-nats", button);
  const odds = createElement("span", "pad-rank-odds", button);
  const row = { button, bar, name, nats, odds, label: null };
  button.addEventListener("click", () => row.label !== null && chooseLabel(row.label));
  return row;
}

/** reading: {form, label, elbos, odds, ranking, images}, or null; model.problem then says why. */
function showAnswer(answer, reading, model) {
  const { cells, select, host, hint } = answer;
  host.classList.toggle("blank", !reading);
  cells.blank(!reading);
  if (hint.textContent !== model.problem) hint.textContent = model.problem;
  select.select.value = model.label ?? LEFT_TO_MODEL;
  const pixels = model.imageShape.reduce((product, size) => product * size, 1);
  // Light on dark whatever the versions are: that is what the model is given.
  paintImage(answer.givenImage, reading?.form ?? new Uint8Array(pixels), { ...model, invert: false }, 255);
  const labels = model.conditional ? model.classNames.length : 1;
  const images = reading?.images ?? new Float32Array(labels * pixels);
  cells.paint(images, { own: reading?.label ?? null, invert: model.invert });
  answer.rows.forEach((row, rank) => showRank(row, reading, rank, model));
}

function showRank(row, reading, rank, { classNames }) {
  row.label = reading?.ranking[rank] ?? null;
  row.button.disabled = !reading;
  row.button.classList.toggle("own", Boolean(reading) && row.label === reading.label);
  const odds = reading?.odds[row.label] ?? 0;
  row.name.textContent = reading ? classNames[row.label] : "\u00a0";
  row.odds.textContent = reading ? describeOdds(odds) : "";
  row.nats.textContent = reading ? describeNats(reading.elbos[row.label]) : "";
  row.bar.style.transform = `scaleX(${odds.toFixed(4)})`;
  const title = reading
    ? `${classNames[row.label]}: odds ${describeOdds(odds)}, ELBO ${describeNats(reading.elbos[row.label])}. Click to choose it.`
    : "";
  row.button.title = title;
  row.button.setAttribute("aria-label", title || "No drawing yet");
}

function describeOdds(odds) {
  if (odds > 0.9995) return "> 99.9 %";
  return odds < 0.0005 ? "< 0.1 %" : `${(100 * odds).toFixed(1)} %`;
}

function describeNats(elbo) {
  return `${elbo.toFixed(1).replace("-", "−")} nats`;
}
