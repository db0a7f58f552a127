// A code that the person shapes: its digits are decoded under every label as a slider moves.

export default function (component) {
  const { parentElement } = component;
  const studio = (parentElement.codeStudio ??= createStudio(parentElement));
  receiveStudio(studio, component);
  return studio.dispose;
}

function createStudio(parentElement) {
  const element = createElement("div", "studio", parentElement);
  const studio = { element, component: null, model: null, code: null, share: null, request: 0, reportId: 0 };
  const chosen = () => reportCode(studio);
  studio.top = createElement("div", "studio-digits", element);
  studio.cells = createLabelCells(studio.top);
  studio.sliders = createCodeSliders(element, { moved: (code) => showCode(studio, code, null), chosen });
  studio.blend = createCodeBlend(element, { moved: (code, share) => showCode(studio, code, share), chosen });
  studio.dispose = () => {
    cancelAnimationFrame(studio.request);
    studio.cells.dispose();
    studio.blend.dispose();
    element.remove();
    delete parentElement.codeStudio;
  };
  return studio;
}

function receiveStudio(studio, component) {
  const isNews = component.data !== studio.component?.data;
  studio.component = component;
  if (!isNews || !component.data) return;
  const { header, arrays } = unpack(component.data);
  const isOther = header.origin !== studio.model?.origin;
  const decoder = readDecoder(header.decoder, arrays);
  const { labels, names, steps, invert, origin, epoch } = header;
  studio.model = { decoder, labels, names, steps, invert, origin, epoch, classNames: header.class_names };
  arrangeStudio(studio, labels.length === 2);
  const codes = Array.from(labels, (_, source) =>
    arrays.codes.values.slice(source * decoder.latentDim, (source + 1) * decoder.latentDim),
  );
  if (codes.length === 2) studio.blend.begin(codes, studio.model);
  else if (isOther) beginCode(studio, codes[0]);
  else drawCode(studio);
}

function beginCode(studio, own) {
  studio.sliders.begin(own);
  showCode(studio, own, null);
}

/** What stands where, and under which names. */
function arrangeStudio({ sliders, blend, cells, top, element, model }, isBlend) {
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

function showCode(studio, code, share) {
  Object.assign(studio, { code, share });
  studio.request ||= requestAnimationFrame(() => drawCode(studio));
}

function drawCode(studio) {
  cancelAnimationFrame(studio.request);
  studio.request = 0;
  const { decoder, labels, invert } = studio.model;
  const code = Float32Array.from(studio.code);
  const images = decoder.conditional ? decodeAllLabels(decoder, code) : decodeLabel(decoder, code, 0);
  const own = studio.share === null ? labels[0] : labels[studio.share < 0.5 ? 0 : 1];
  studio.cells.paint(images, { own, invert });
  studio.element.dataset.code = JSON.stringify(Array.from(code));
}

function reportCode(studio) {
  const { code, share, model } = studio;
  studio.component.setStateValue("chosen", { code: Array.from(code), share, origin: model.origin });
}
