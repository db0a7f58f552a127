// @ts-check
// A code that the person shapes: its digits are decoded under every label as a slider moves.

import { createCodeBlend } from "./interpolation.js";
import { createCodeSliders } from "./sliders.js";
import { createElement } from "../shared/controls.js";
import { createLabelCells } from "../shared/label_cells.js";
import { mount } from "../shared/mount.js";
import { decodeAllLabels, decodeLabel, readDecoder } from "../shared/network.js";
import { nameWithEpoch } from "../shared/surface.js";

export default (component) => mount(component, createLatentSliders);

function createLatentSliders(parentElement) {
  const element = createElement("div", "latent-sliders", parentElement);
  const view = { element, component: null, model: null, code: null, share: null, request: 0, reportId: 0 };
  const chosen = () => reportCode(view);
  view.top = createElement("div", "latent-sliders-digits", element);
  view.cells = createLabelCells(view.top);
  view.sliders = createCodeSliders(element, { moved: (code) => showCode(view, code, null), chosen });
  view.blend = createCodeBlend(element, { moved: (code, share) => showCode(view, code, share), chosen });
  const receive = (blob) => receiveSliders(view, blob);
  const dispose = () => {
    cancelAnimationFrame(view.request);
    view.cells.dispose();
    view.blend.dispose();
    element.remove();
  };
  return Object.assign(view, { receive, dispose });
}

function receiveSliders(view, { header, arrays }) {
  const isOther = header.origin !== view.model?.origin;
  const decoder = readDecoder(header.decoder, arrays);
  const { labels, names, steps, invert, origin, epoch } = header;
  view.model = { decoder, labels, names, steps, invert, origin, epoch, classNames: header.class_names };
  arrangeSliders(view, labels.length === 2);
  const codes = Array.from(labels, (_, source) =>
    arrays.codes.values.slice(source * decoder.latentDim, (source + 1) * decoder.latentDim),
  );
  if (codes.length === 2) view.blend.begin(codes, view.model);
  else if (isOther) beginCode(view, codes[0]);
  else drawCode(view);
}

function beginCode(view, own) {
  view.sliders.begin(own);
  showCode(view, own, null);
}

/** What stands where, and under which names. */
function arrangeSliders({ sliders, blend, cells, top, element, model }, isBlend) {
  const { decoder, names, classNames } = model;
  sliders.root.hidden = isBlend;
  blend.root.hidden = !isBlend;
  if (isBlend) blend.middle.append(top);
  else element.prepend(top);
  cells.setUp({
    names: decoder.conditional ? classNames : [""],
    imageShape: decoder.imageShape,
    title: isBlend ? "Here" : names[0],
    fileName: nameWithEpoch("code_as_every_label.png", model.epoch),
  });
}

function showCode(view, code, share) {
  Object.assign(view, { code, share });
  view.request ||= requestAnimationFrame(() => drawCode(view));
}

function drawCode(view) {
  cancelAnimationFrame(view.request);
  view.request = 0;
  const { decoder, labels, invert } = view.model;
  const code = Float32Array.from(view.code);
  const images = decoder.conditional ? decodeAllLabels(decoder, code) : decodeLabel(decoder, code, 0);
  const own = view.share === null ? labels[0] : labels[view.share < 0.5 ? 0 : 1];
  view.cells.paint(images, { own, invert });
  view.element.dataset.code = JSON.stringify(Array.from(code));
}

function reportCode(view) {
  const { code, share, model } = view;
  view.component.setStateValue("chosen", { code: Array.from(code), share, origin: model.origin });
}
