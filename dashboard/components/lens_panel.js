// Beside the plane: the image of one code under every label, the code in numbers, and the controls of a way.

const LARGEST_SCALE = 4;
const SMALLEST_SCALE = 2;
const WIDEST_IMAGE = 112;
const CELLS_IN_A_ROW = 5;
const CELL_GAP = 8;
const STEP_GAP = 2;
const HINT = "Move over the picture: every label at this place. Click to hold it, drag for the way between two places.";
const FINGER_HINT =
  "Slide over the picture: every label at this place. Lift to hold it, slide from a held place for the way to another.";

/** handlers: toggle(), seek(share), leave() of the way; release() of the held place. */
function createLensPanel(host, handlers) {
  const root = createElement("div", "lens", host);
  const labels = createElement("div", "lens-labels", root);
  const line = createElement("div", "lens-line-of-code", root);
  const code = createElement("output", "lens-code", line);
  const save = lensButton(line, SAVE_ICON, "PNG of this place", () => savePlace(panel));
  const release = lensButton(line, CLOSE_ICON, "Let go of this place", handlers.release);
  const way = createElement("div", "lens-way", root);
  const showControls = createWayControls(way, { ...handlers, save: () => saveWay(panel) });
  const strip = createElement("div", "lens-strip", way);
  strip.setAttribute("role", "group");
  const hint = createElement("p", "lens-hint", root);
  hint.textContent = window.matchMedia("(hover: none)").matches ? FINGER_HINT : HINT;
  const panel = { root, labels, code, save, release, way, strip, hint, showControls, cells: [], steps: [], painted: {} };
  const sizes = new ResizeObserver(() => panel.plane && scaleImages(panel));
  sizes.observe(root);
  return {
    show: (plane, state) => showPanel(panel, plane, state),
    dispose() {
      sizes.disconnect();
      root.remove();
    },
  };
}

/** state: code (null hides all), way, pin, decoder, waiting. */
function showPanel(panel, plane, state) {
  const { root, hint, code, save, release, way } = panel;
  buildCells(panel, plane, state.decoder);
  root.classList.toggle("unused", !state.code);
  root.classList.toggle("waiting", state.waiting);
  hint.hidden = Boolean(state.code);
  save.hidden = !state.pin && !state.way;
  release.hidden = !state.pin || Boolean(state.way);
  way.hidden = !state.way;
  code.textContent = state.code ? describeCode(plane, state.code) : "\u00a0";
  root.dataset.z = state.code ? JSON.stringify(state.code) : "";
  if (!state.code) return;
  paintCells(panel, plane, state);
  if (state.way) showWay(panel, plane, state);
}

/** A cell for each label; a network without a condition draws one image for all of them. */
function buildCells(panel, plane, decoder) {
  const names = decoder && !decoder.conditional ? [""] : plane.classNames;
  panel.plane = plane;
  const key = JSON.stringify([names, plane.imageShape]);
  if (key !== panel.cellsKey) {
    panel.cellsKey = key;
    panel.painted = {};
    panel.labels.replaceChildren();
    panel.cells = names.map((name) => buildCell(panel.labels, name, plane.imageShape));
    panel.strip.replaceChildren();
    panel.steps = Array.from({ length: WAY_STEPS }, () => imageCanvas(panel.strip, "lens-image", plane.imageShape));
    scaleImages(panel);
  }
  panel.cells.forEach(({ figure }, label) => {
    const selected = panel.cells.length > 1 && label === plane.selectedLabel;
    figure.classList.toggle("selected", selected);
    if (selected) figure.setAttribute("aria-current", "true");
    else figure.removeAttribute("aria-current");
  });
}

function buildCell(parent, name, imageShape) {
  const figure = createElement("figure", "lens-label", parent);
  const canvas = imageCanvas(figure, "lens-image", imageShape);
  canvas.setAttribute("aria-label", name ? `${name} at this place` : "The image at this place");
  createElement("figcaption", "lens-name", figure, name);
  return { figure, canvas };
}

function scaleImages({ root, cells, steps, plane }) {
  const [height, width] = plane.imageShape;
  const room = root.clientWidth;
  const inARow = Math.min(cells.length, CELLS_IN_A_ROW);
  const largest = Math.max(LARGEST_SCALE, Math.floor(WIDEST_IMAGE / width));
  const fitting = Math.floor((room - (inARow - 1) * CELL_GAP) / inARow / width);
  const scale = Math.max(SMALLEST_SCALE, Math.min(largest, fitting));
  const stepScale = Math.max(1, Math.min(scale, Math.floor((room / steps.length - STEP_GAP) / width)));
  for (const { canvas } of cells) setImageSize(canvas, width * scale, height * scale);
  for (const canvas of steps) setImageSize(canvas, width * stepScale, height * stepScale);
}

function paintCells(panel, plane, { code, decoder }) {
  const key = JSON.stringify([code, plane.base, plane.dimensions, plane.invert]);
  if (!decoder || (panel.painted.key === key && panel.painted.decoder === decoder)) return;
  panel.painted = { ...panel.painted, key, decoder };
  const images = decodeAllLabels(decoder, wholeCode(plane, code));
  const pixels = images.length / decoder.labels;
  panel.images = images.subarray(0, panel.cells.length * pixels);
  panel.cells.forEach(({ canvas }, label) => {
    paintImage(canvas, images.subarray(label * pixels, (label + 1) * pixels), plane);
  });
}

function showWay(panel, plane, { way, decoder }) {
  panel.showControls(way);
  const { painted, steps, strip } = panel;
  strip.setAttribute("aria-label", `The way for ${plane.classNames[plane.selectedLabel]}`);
  const key = JSON.stringify([way.from, way.to, plane.selectedLabel, plane.base, plane.dimensions, plane.invert]);
  if (!decoder || (painted.wayKey === key && painted.wayDecoder === decoder)) return;
  panel.painted = { ...painted, wayKey: key, wayDecoder: decoder };
  panel.wayImages = codesAlongWay(way).map((code, step) => {
    const image = decodeLabel(decoder, wholeCode(plane, code), plane.selectedLabel);
    steps[step].setAttribute("aria-label", describeCode(plane, code));
    paintImage(steps[step], image, plane);
    return image;
  });
}

/** The image of the place under every label, in a row, as a file. */
function savePlace({ root, plane, cells, images, painted }) {
  if (!images) return;
  const names = cells.length > 1 ? plane.classNames : [];
  const tiles = { shape: [1, cells.length, ...plane.imageShape], values: images };
  const header = { row_labels: [], column_labels: names, invert: plane.invert };
  savePicture(drawTiles(root, tiles, header), nameWithEpoch("place_as_every_label.png", painted.decoder?.epoch));
}

/** The steps of the way, in a row, as a file. */
function saveWay({ root, plane, wayImages, painted }) {
  if (!wayImages) return;
  const tiles = { shape: [1, wayImages.length, ...plane.imageShape], values: wayImages.flatMap((image) => [...image]) };
  const header = { row_labels: [], column_labels: [], invert: plane.invert };
  const fileName = `way_of_${plane.classNames[plane.selectedLabel]}.png`;
  savePicture(drawTiles(root, tiles, header), nameWithEpoch(fileName, painted.wayDecoder?.epoch));
}
