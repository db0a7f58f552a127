// @ts-check
// Mouse, finger, pen and keys over the plane. They move the lens's cursor, hold a place, and draw ways.

import { clampProbability, codeToPlace, codeToProbabilities, isOnPlane, placeToCode, planeAxes } from "./lens_plane.js";
import { normalQuantile } from "../shared/normal.js";

const DRAG_DISTANCE = 6;
const FINGER_REACH = 24;
const KEY_STEP = 0.02;
const LARGE_KEY_STEP = 0.1;
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, -1], ArrowDown: [1, 1] };

/**
 * actions: moveTo(code | null), pin(code | null), draw(from, to) while an interpolation is drawn,
 * startInterpolation(from, to), leave().
 * Returns what ends the listening.
 */
export function listenToLensPointer(lens, canvas, actions) {
  const ending = new AbortController();
  const listen = (type, handle) => canvas.addEventListener(type, (event) => lens.plane && handle(event), ending);
  let drag = null;
  listen("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    drag = beginDrag(lens, canvas, event);
    if (!drag) return;
    canvas.setPointerCapture(event.pointerId);
    if (!lens.interpolation) actions.moveTo(drag.to);
  });
  listen("pointermove", (event) => {
    if (!event.isPrimary) return;
    if (drag) continueDrag(lens, drag, canvasPlace(canvas, event), actions);
    else actions.moveTo(codeUnder(lens, canvas, event));
  });
  listen("pointerup", (event) => {
    if (!drag || !event.isPrimary) return;
    if (drag.moved && drag.interpolates) actions.startInterpolation(drag.from, drag.to);
    else actions.pin(drag.to);
    drag = null;
  });
  const abandon = () => {
    drag = null;
    actions.draw(null, null);
    actions.moveTo(null);
  };
  listen("pointercancel", abandon);
  listen("pointerleave", () => drag || actions.moveTo(null));
  listen("keydown", (event) => {
    if (drag && event.key === "Escape") abandon();
    else if (!obeyKey(lens, event, actions)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  listen("focus", () => canvas.matches(":focus-visible") && actions.moveTo(keyboardCode(lens)));
  listen("blur", () => actions.moveTo(null));
  return () => ending.abort();
}

function canvasPlace(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return { left: event.clientX - box.left, top: event.clientY - box.top };
}

function codeUnder({ plane }, canvas, event) {
  const { left, top } = canvasPlace(canvas, event);
  return isOnPlane(plane, left, top) ? placeToCode(plane, left, top) : null;
}

/** A finger looks around by sliding, so it interpolates only from the held place. */
function beginDrag(lens, canvas, event) {
  const code = codeUnder(lens, canvas, event);
  if (!code) return null;
  const start = canvasPlace(canvas, event);
  const held = lens.pin && codeToPlace(lens.plane, lens.pin);
  const fromPin = held && Math.hypot(start.left - held.left, start.top - held.top) <= FINGER_REACH;
  const finger = event.pointerType === "touch";
  return { start, from: finger && fromPin ? lens.pin : code, to: code, interpolates: !finger || fromPin, moved: false };
}

function continueDrag(lens, drag, place, actions) {
  drag.moved ||= Math.hypot(place.left - drag.start.left, place.top - drag.start.top) > DRAG_DISTANCE;
  // A hand that trembles holds the code that is shown.
  if (!drag.moved) return;
  drag.to = placeToCode(lens.plane, place.left, place.top);
  actions.draw(drag.interpolates ? drag.from : null, drag.to);
  actions.moveTo(drag.to);
}

/** Where the keyboard goes on from: the cursor, the held place, or the middle of the plane. */
function keyboardCode({ plane, cursor, pin }) {
  const middle = [0, 0].slice(0, planeAxes(plane).length);
  return cursor ?? pin ?? codeToProbabilities(plane, middle).map(normalQuantile);
}

function obeyKey(lens, event, actions) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key in ARROWS) return moveByKey(lens, event, actions);
  if (event.key === "Enter") {
    const code = keyboardCode(lens);
    if (event.shiftKey && lens.pin) actions.startInterpolation(lens.pin, code);
    else actions.pin(code);
    return true;
  }
  if (event.key !== "Escape" || !(lens.interpolation || lens.pin)) return false;
  if (lens.interpolation) actions.leave();
  else actions.pin(null);
  return true;
}

function moveByKey(lens, event, actions) {
  const [axis, direction] = ARROWS[event.key];
  const probabilities = codeToProbabilities(lens.plane, keyboardCode(lens));
  if (axis >= probabilities.length) return false;
  const step = event.shiftKey ? LARGE_KEY_STEP : KEY_STEP;
  probabilities[axis] = clampProbability(lens.plane, probabilities[axis] + direction * step);
  if (lens.interpolation) actions.leave();
  actions.moveTo(probabilities.map(normalQuantile));
  return true;
}
