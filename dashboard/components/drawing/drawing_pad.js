// @ts-check
// A pad to draw on: each stroke is brought to the data's form, encoded, and decoded under every label as it is drawn.

import { createPadAnswer } from "./answer.js";
import { PAD_SIZE } from "./brush.js";
import { createPaper } from "./paper.js";
import { mnistForm } from "./preprocessing.js";
import {
  elbosOfLabels,
  encodeAllLabels,
  oddsOfLabels,
  rankedLabels,
  readEncoder,
  unitRange,
} from "../shared/classification.js";
import { createElement } from "../shared/controls.js";
import { mount } from "../shared/mount.js";
import { decodeAllLabels, decodeLabel, readDecoder } from "../shared/network.js";
import { createReportedValues } from "../shared/reported_values.js";

export default (component) => mount(component, createDrawingPad);

// Drawings of pads that left the page, by their keys: who comes back finds the pad as it was.
const keptDrawings = new Map();
const DRAW_HINT = "Draw on the dark square: the versions follow the pen.";

function createDrawingPad(parentElement) {
  const element = createElement("div", "drawing-pad", parentElement);
  const pad = { element, component: null, model: null, label: null, request: 0, computed: 0, reportId: 0 };
  pad.labels = createReportedValues();
  pad.refresh = () => (pad.request ||= requestAnimationFrame(() => refreshPad(pad)));
  pad.paper = createPaper(createElement("div", "pad-left", element), {
    changed: pad.refresh,
    lifted() {
      refreshPad(pad);
      reportDrawing(pad);
    },
  });
  pad.answer = createPadAnswer(element, (label) => chooseLabel(pad, label));
  element.addEventListener("keydown", (event) => undoByKey(pad, event));
  const receive = (blob) => receivePad(pad, blob);
  const dispose = () => {
    cancelAnimationFrame(pad.request);
    if (pad.model) keptDrawings.set(pad.model.key, { ...pad.paper.drawing(), label: pad.label });
    pad.answer.dispose();
    element.remove();
  };
  return Object.assign(pad, { receive, dispose });
}

function receivePad(pad, { header, arrays }) {
  const isFirst = pad.model === null;
  const decoder = readDecoder(header.decoder, arrays);
  pad.model = {
    key: header.key,
    decoder,
    encoder: readEncoder(header.encoder, arrays),
    conditional: decoder.conditional,
    imageShape: decoder.imageShape,
    classNames: header.class_names,
    epoch: header.epoch,
    invert: header.invert,
  };
  if (pad.labels.isNews(header.label)) pad.label = header.label;
  if (isFirst) takeUpDrawing(pad);
  if (pad.label !== null && pad.label >= decoder.labels) pad.label = null;
  pad.answer.setUp(pad.model);
  refreshPad(pad);
}

function takeUpDrawing(pad) {
  const kept = keptDrawings.get(pad.model.key);
  if (!kept) return;
  pad.paper.take(kept);
  pad.label ??= kept.label;
  // Streamlit has forgotten the report with the pad, and takes no value while it mounts one.
  if (kept.strokes.length) setTimeout(() => pad.element.isConnected && reportDrawing(pad), 0);
}

/** Reads the drawing anew and shows what comes of it. */
function refreshPad(pad) {
  cancelAnimationFrame(pad.request);
  pad.request = 0;
  if (!pad.model) return;
  const { form, problem } = dataForm(pad.paper, pad.model);
  pad.form = form;
  pad.answer.show(form && readDrawing(pad.model, form, pad.label), { ...pad.model, label: pad.label, problem });
  pad.element.dataset.computed = ++pad.computed;
}

/** What the model makes of an image of its own form. */
function readDrawing({ encoder, decoder }, form, chosen) {
  const pixels = unitRange(form);
  const posterior = encodeAllLabels(encoder, pixels);
  const elbos = elbosOfLabels(decoder, posterior, pixels);
  const ranking = rankedLabels(elbos);
  const label = encoder.conditional ? (chosen ?? ranking[0]) : 0;
  const code = posterior.zMean.subarray(label * encoder.latentDim, (label + 1) * encoder.latentDim);
  const images = encoder.conditional ? decodeAllLabels(decoder, code) : decodeLabel(decoder, code, 0);
  return { form, label, elbos, odds: oddsOfLabels(elbos), ranking, code, images };
}

/** The drawing as the data has it, in bytes: {form, problem}, of which one says something. */
function dataForm(paper, { imageShape }) {
  if (paper.isBlank()) return { form: null, problem: DRAW_HINT };
  const { image, problem } = mnistForm(paper.ink(), PAD_SIZE, PAD_SIZE, 1, imageShape);
  return { form: image && Uint8Array.from(image, (value) => Math.round(255 * value)), problem };
}

function chooseLabel(pad, label) {
  pad.label = label;
  refreshPad(pad);
  reportDrawing(pad);
}

/** Python gets the drawing in the data's form. */
function reportDrawing(pad) {
  if (!pad.component) return;
  pad.reportId = Math.max(pad.reportId + 1, Date.now());
  pad.labels.add(pad.label);
  const image = pad.form ? btoa(Array.from(pad.form, (byte) => String.fromCharCode(byte)).join("")) : null;
  pad.component.setStateValue("drawing", { image, label: pad.label, id: pad.reportId });
}

function undoByKey(pad, event) {
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  pad.paper.undo();
}
