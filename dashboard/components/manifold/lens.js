// @ts-check
// The lens over a manifold: the code under the pointer, decoded in the browser for every label at once.

import { advanceInterpolation, beginInterpolation, codeOn } from "./interpolation.js";
import { createLensOverlay } from "./lens_overlay.js";
import { createLensPanel } from "./lens_panel.js";
import { listenToLensPointer } from "./lens_pointer.js";

const LENS_INSTRUCTIONS =
  "Arrow keys move over the plane, with Shift in larger steps. Enter holds a place, Shift and Enter plays the " +
  "interpolation from the held place to this one, Escape releases it.";

/**
 * Puts the lens over a picture of a manifold, and its panel into host. The canvas's parent is positioned.
 *
 * report("z", code | null) is called when the person holds a place or lets go of it; code has a number for each of the
 * plane's dimensions. needDecoder(epoch) is called when the lens is in use and lacks the decoder of its epoch.
 *
 * setPlane({rect, columns, rows, quantiles, dimensions, base, classNames, imageShape, selectedLabel, invert?,
 * description?}): rect {left, top, width, height} in CSS pixels of the canvas.
 * setBase(code): what the other dimensions hold, from now on. setTrace({codes, at} | null): a code for each epoch, not a
 * number where it is unknown, and which of them is marked.
 * setDecoder(epoch, decoder | null): what readDecoder gives; if it has an epoch of its own, that must be the same.
 */
export function createLens(host, stageCanvas, { report, needDecoder }) {
  // cursor, pin: codes. drawn: the interpolation that is being drawn. current: the decoder is that of the epoch shown.
  const lens = { plane: null, decoder: null, epoch: null, current: false, asked: null, trace: null };
  Object.assign(lens, { cursor: null, pin: null, drawn: null, interpolation: null, request: 0 });
  Object.assign(lens, { stageCanvas, report, needDecoder });
  lens.redraw = () => (lens.request ||= requestAnimationFrame((now) => drawLens(lens, now)));
  const actions = lensActions(lens);
  lens.overlay = createLensOverlay(stageCanvas);
  lens.panel = createLensPanel(host, actions);
  makeFocusable(stageCanvas);
  const stopListening = listenToLensPointer(lens, stageCanvas, actions);
  return {
    setPlane: (plane) => setLensPlane(lens, plane),
    setDecoder: (epoch, decoder) => setLensDecoder(lens, epoch, decoder),
    setBase(base) {
      if (lens.plane) lens.plane.base = base;
      lens.redraw();
    },
    setTrace(trace) {
      lens.trace = trace;
      lens.redraw();
    },
    setPin(code) {
      lens.pin = code;
      lens.redraw();
    },
    dispose() {
      cancelAnimationFrame(lens.request);
      stopListening();
      lens.overlay.dispose();
      lens.panel.dispose();
    },
  };
}

function makeFocusable(canvas) {
  canvas.classList.add("lens-plane");
  canvas.tabIndex = 0;
  // Keys of its own: assistive technology must hand them on.
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", LENS_INSTRUCTIONS);
}

/** What pointer, keys and controls do to the lens. */
function lensActions(lens) {
  const change = (changes) => {
    Object.assign(lens, changes);
    lens.redraw();
  };
  const changeInterpolation = (changes) =>
    change({ interpolation: lens.interpolation && { ...lens.interpolation, ...changes } });
  const pin = (code) => {
    change({ pin: code, interpolation: null, drawn: null });
    lens.report("z", code);
  };
  return {
    pin,
    release: () => pin(null),
    moveTo: (cursor) => change({ cursor }),
    draw: (from, to) => change({ drawn: from && { from, to }, ...(from && { interpolation: null }) }),
    startInterpolation: (from, to) => change({ interpolation: beginInterpolation(from, to), drawn: null }),
    leave: () => change({ interpolation: null, drawn: null }),
    toggle: () => changeInterpolation({ playing: !lens.interpolation?.playing }),
    seek: (share) => changeInterpolation({ share, playing: false }),
  };
}

function setLensPlane(lens, plane) {
  const before = lens.plane;
  if (before && JSON.stringify(before.dimensions) !== JSON.stringify(plane.dimensions)) {
    // Streamlit takes no value while it hands on new data.
    if (lens.pin) setTimeout(() => lens.report("z", null), 0);
    Object.assign(lens, { cursor: null, pin: null, drawn: null, interpolation: null });
  }
  lens.plane = plane;
  lens.overlay.fit();
  const label = [plane.description, LENS_INSTRUCTIONS].filter(Boolean).join(" ");
  lens.stageCanvas.setAttribute("aria-label", label);
  lens.redraw();
}

function setLensDecoder(lens, epoch, decoder) {
  lens.epoch = epoch;
  lens.current = decoder !== null && (decoder.epoch ?? epoch) === epoch;
  if (lens.current) lens.asked = null;
  // The last one goes on drawing, dimmed, until its successor is there.
  if (decoder) lens.decoder = decoder;
  lens.redraw();
}

function drawLens(lens, now) {
  lens.request = 0;
  const { plane, interpolation, drawn, cursor, pin, trace } = lens;
  if (!plane) return;
  if (interpolation) advanceInterpolation(interpolation, now);
  const code = interpolation ? codeOn(interpolation) : (cursor ?? pin);
  if (code) askForDecoder(lens);
  const ring = interpolation || cursor ? code : null;
  lens.overlay.show(plane, { ring, pin, interpolation: interpolation ?? drawn, trace });
  lens.panel.show(plane, { code, interpolation, pin, decoder: fittingDecoder(lens), waiting: !lens.current });
  if (interpolation?.playing) lens.redraw();
}

function askForDecoder(lens) {
  if (lens.current || lens.epoch === null || lens.asked === lens.epoch) return;
  lens.asked = lens.epoch;
  lens.needDecoder(lens.epoch);
}

/** A decoder that is left over from another network would draw other shapes. */
function fittingDecoder({ decoder, plane }) {
  const fits =
    decoder &&
    decoder.latentDim === plane.base.length &&
    decoder.labels === plane.classNames.length &&
    decoder.imageShape.join() === plane.imageShape.join();
  return fits ? decoder : null;
}
