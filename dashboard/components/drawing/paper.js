// @ts-check
// The paper of the pad: strokes by mouse, pen, finger or keys, taken back one by one or wiped off.

import { blankPaper, inkSegment, inkStrokes, PAD_SIZE } from "./brush.js";
import { createElement, createIconButton, createSlider } from "../shared/controls.js";

const BRUSH = { least: 8, most: 60, first: 24 };
const SHORTEST_STEP = 0.75;
const KEY_STRIDE = 6;
const LONG_KEY_STRIDE = 24;
const PAPER_ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAPER_INSTRUCTIONS =
  "Draw with mouse, pen or finger. With the keyboard: arrow keys move the brush, with Shift in larger steps; " +
  "Space sets it down and lifts it; Control and Z takes the last stroke back.";
/**
 * changed(): there is more or less ink. lifted(): a stroke has ended, or was taken back.
 * Gives ink(): bytes, PAD_SIZE x PAD_SIZE; isBlank(); undo(); drawing(), which take() takes up again.
 */
export function createPaper(host, { changed, lifted }) {
  const paper = { strokes: [], past: [], ink: blankPaper(), stroke: null, cursor: null, changed, lifted };
  paper.frame = createElement("div", "pad-frame", host);
  paper.canvas = createElement("canvas", "pad-paper", paper.frame);
  Object.assign(paper.canvas, { width: PAD_SIZE, height: PAD_SIZE, tabIndex: 0 });
  // Keys of its own: assistive technology must hand them on.
  paper.canvas.setAttribute("role", "application");
  paper.canvas.setAttribute("aria-label", PAPER_INSTRUCTIONS);
  paper.canvas.title = "Draw here";
  paper.ring = createElement("span", "pad-cursor", paper.frame);
  paper.ring.hidden = true;
  createPaperControls(paper, host);
  listenToPaper(paper);
  showInk(paper);
  return {
    ink: () => paper.ink,
    isBlank: () => paper.strokes.length === 0,
    undo: () => undoStroke(paper),
    drawing: () => ({ strokes: paper.strokes, past: paper.past }),
    take({ strokes, past }) {
      Object.assign(paper, { strokes, past, ink: inkStrokes(strokes) });
      showInk(paper);
    },
  };
}

function createPaperControls(paper, host) {
  const bar = createElement("div", "pad-bar", host);
  const name = createElement("label", "pad-brush", bar);
  createElement("span", "", name, "Brush");
  const range = { min: BRUSH.least, max: BRUSH.most, value: BRUSH.first };
  paper.brush = createSlider(name, "", "Width of the brush", range);
  paper.brush.addEventListener("input", () => showCursor(paper));
  paper.undoButton = createIconButton(bar, "undo", "Undo the last stroke (Ctrl+Z)", () => undoStroke(paper));
  paper.clearButton = createIconButton(bar, "clear", "Clear the drawing", () => clearPaper(paper));
}

function listenToPaper(paper) {
  const { canvas } = paper;
  let pointer = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    beginStroke(paper, pointOf(paper, event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    // A pen tells its place more often than the screen is drawn.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const step of events.length ? events : [event]) continueStroke(paper, pointOf(paper, step));
  });
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    endStroke(paper);
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("keydown", (event) => {
    if (pointer !== null || !obeyPaperKey(paper, event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("focus", () => {
    if (canvas.matches(":focus-visible")) moveCursor(paper, 0, 0);
  });
  canvas.addEventListener("blur", () => {
    if (pointer === null) endStroke(paper);
    paper.ring.hidden = true;
  });
}

/** Where a pointer is on the paper, and how wide it draws there: a mouse always presses by half. */
function pointOf({ canvas, brush }, event) {
  const box = canvas.getBoundingClientRect();
  const scale = PAD_SIZE / box.width;
  const pressure = event.pointerType === "pen" && event.pressure > 0 ? 0.4 + 1.2 * event.pressure : 1;
  const radius = (brush.valueAsNumber / 2) * pressure;
  return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale, radius };
}

function beginStroke(paper, point) {
  paper.past.push(paper.strokes);
  paper.stroke = [point];
  paper.strokes = [...paper.strokes, paper.stroke];
  addInk(paper, point, point);
}

function continueStroke(paper, point) {
  const last = paper.stroke.at(-1);
  if (Math.hypot(point.x - last.x, point.y - last.y) < SHORTEST_STEP) return;
  paper.stroke.push(point);
  addInk(paper, last, point);
}

function endStroke(paper) {
  if (!paper.stroke) return;
  paper.stroke = null;
  paper.lifted();
  showCursor(paper);
}

function addInk(paper, from, to) {
  showInk(paper, inkSegment(paper.ink, from, to));
  paper.changed();
}

function undoStroke(paper) {
  if (paper.stroke || !paper.past.length) return;
  replaceStrokes(paper, paper.past.pop());
}

function clearPaper(paper) {
  if (paper.stroke || !paper.strokes.length) return;
  paper.past.push(paper.strokes);
  replaceStrokes(paper, []);
}

function replaceStrokes(paper, strokes) {
  Object.assign(paper, { strokes, ink: inkStrokes(strokes) });
  showInk(paper);
  paper.changed();
  paper.lifted();
}

/** Puts a rectangle of the ink on the screen. */
function showInk(paper, box = { left: 0, top: 0, width: PAD_SIZE, height: PAD_SIZE }) {
  paper.undoButton.disabled = !paper.past.length;
  paper.clearButton.disabled = !paper.strokes.length;
  if (!box.width || !box.height) return;
  const image = new ImageData(box.width, box.height);
  const words = new Uint32Array(image.data.buffer);
  for (let y = 0; y < box.height; y++) {
    const row = (box.top + y) * PAD_SIZE + box.left;
    for (let x = 0; x < box.width; x++) words[y * box.width + x] = 0xff000000 | (paper.ink[row + x] * 0x010101);
  }
  paper.canvas.getContext("2d").putImageData(image, box.left, box.top);
}

function obeyPaperKey(paper, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key in PAPER_ARROWS) {
    const [dx, dy] = PAPER_ARROWS[event.key];
    const stride = event.shiftKey ? LONG_KEY_STRIDE : KEY_STRIDE;
    moveCursor(paper, dx * stride, dy * stride);
    return true;
  }
  if (event.key !== " ") return false;
  if (event.repeat) return true;
  if (paper.stroke) endStroke(paper);
  else beginStroke(paper, cursorPoint(paper));
  showCursor(paper);
  return true;
}

function moveCursor(paper, dx, dy) {
  const inside = (value) => Math.min(PAD_SIZE, Math.max(0, value));
  const { x, y } = paper.cursor ?? { x: PAD_SIZE / 2, y: PAD_SIZE / 2 };
  paper.cursor = { x: inside(x + dx), y: inside(y + dy) };
  paper.ring.hidden = false;
  showCursor(paper);
  if (paper.stroke) continueStroke(paper, cursorPoint(paper));
}

function cursorPoint({ cursor, brush }) {
  return { ...(cursor ?? { x: PAD_SIZE / 2, y: PAD_SIZE / 2 }), radius: brush.valueAsNumber / 2 };
}

/** The ring that stands for the brush where there is no pointer. */
function showCursor({ ring, cursor, brush, stroke }) {
  if (!cursor) return;
  const share = (length) => `${(100 * length) / PAD_SIZE}%`;
  Object.assign(ring.style, { left: share(cursor.x), top: share(cursor.y), width: share(brush.valueAsNumber) });
  ring.classList.toggle("down", Boolean(stroke));
}
