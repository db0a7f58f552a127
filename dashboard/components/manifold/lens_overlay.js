// @ts-check
// What the lens draws over the picture: the ring under the pointer, the ring of a held place, an interpolation.

import { codeBetween, codeToPlace } from "./lens_plane.js";

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const RING_RADIUS = 8;
const INTERPOLATION_POINTS = 24;

export function createLensOverlay(stageCanvas) {
  const svg = document.createElementNS(SVG_NAMESPACE, "svg");
  svg.setAttribute("class", "lens-overlay");
  svg.setAttribute("aria-hidden", "true");
  stageCanvas.parentElement.append(svg);
  // Each mark is drawn twice, dark below light, so that it stands out from any picture.
  const twice = (tag, name) => ["lens-halo", "lens-line"].map((line) => svgElement(tag, `${name} ${line}`, svg));
  const marks = {
    trace: twice("polyline", "lens-trace"),
    marked: twice("path", "lens-marked"),
    interpolation: twice("polyline", "lens-segment"),
    pin: twice("path", "lens-pin"),
    ring: twice("path", "lens-ring"),
  };
  return {
    /** Takes the place and size of the canvas. */
    fit: () => fitOverlay(svg, stageCanvas),
    /** Draws a ring and a pin at codes, an interpolation, and the trace of a code over the epochs; each may be null. */
    show(plane, { ring, pin, interpolation, trace }) {
      const marked = trace && isKnown(trace.codes[trace.at]) ? trace.codes[trace.at] : null;
      setMark(marks.trace, "points", trace && tracePoints(plane, trace.codes));
      setMark(marks.marked, "d", marked && diamondPath(codeToPlace(plane, marked)));
      setMark(marks.ring, "d", ring && ringPath(codeToPlace(plane, ring), true));
      setMark(marks.pin, "d", pin && ringPath(codeToPlace(plane, pin), false));
      setMark(marks.interpolation, "points", interpolation && interpolationPoints(plane, interpolation));
    },
    dispose: () => svg.remove(),
  };
}

function svgElement(tag, className, parent) {
  const element = document.createElementNS(SVG_NAMESPACE, tag);
  element.setAttribute("class", className);
  parent.append(element);
  return element;
}

function fitOverlay(svg, canvas) {
  svg.style.left = `${canvas.offsetLeft}px`;
  svg.style.top = `${canvas.offsetTop}px`;
  svg.style.width = `${canvas.offsetWidth}px`;
  svg.style.height = `${canvas.offsetHeight}px`;
}

function setMark(elements, attribute, value) {
  for (const element of elements) {
    element.style.display = value ? "" : "none";
    if (value) element.setAttribute(attribute, value);
  }
}

/** A circle, and with it the four ticks of a crosshair. */
function ringPath({ left, top }, crosshair) {
  const r = RING_RADIUS;
  const circle = `M${left - r} ${top}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0`;
  if (!crosshair) return `${circle}M${left - 1} ${top}h2`;
  const tick = 6;
  return (
    `${circle}M${left - r - tick} ${top}h${tick}M${left + r} ${top}h${tick}` +
    `M${left} ${top - r - tick}v${tick}M${left} ${top + r}v${tick}`
  );
}

function diamondPath({ left, top }) {
  const r = RING_RADIUS;
  return `M${left - r} ${top}l${r} ${-r}l${r} ${r}l${-r} ${r}z`;
}

export function isKnown(code) {
  return Boolean(code) && code.every(Number.isFinite);
}

function tracePoints(plane, codes) {
  return codes
    .filter(isKnown)
    .map((code) => codeToPlace(plane, code))
    .map(({ left, top }) => `${left.toFixed(1)},${top.toFixed(1)}`)
    .join(" ");
}

/** What is straight among the codes is bent where equal steps are equal probabilities. */
function interpolationPoints(plane, { from, to }) {
  return Array.from({ length: INTERPOLATION_POINTS + 1 }, (_, index) => {
    const { left, top } = codeToPlace(plane, codeBetween(from, to, index / INTERPOLATION_POINTS));
    return `${left.toFixed(2)},${top.toFixed(2)}`;
  }).join(" ");
}
