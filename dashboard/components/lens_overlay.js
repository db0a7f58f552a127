// What the lens draws over the picture: the ring under the pointer, the ring of a held place, the way between two.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const RING_RADIUS = 8;
const WAY_POINTS = 24;

function createLensOverlay(stageCanvas) {
  const svg = document.createElementNS(SVG_NAMESPACE, "svg");
  svg.setAttribute("class", "lens-overlay");
  svg.setAttribute("aria-hidden", "true");
  stageCanvas.parentElement.append(svg);
  // Each mark is drawn twice, dark below light, so that it stands out from any picture.
  const twice = (tag, name) => ["lens-halo", "lens-line"].map((line) => svgElement(tag, `${name} ${line}`, svg));
  const marks = {
    trace: twice("polyline", "lens-trace"),
    marked: twice("path", "lens-marked"),
    way: twice("polyline", "lens-segment"),
    pin: twice("path", "lens-pin"),
    ring: twice("path", "lens-ring"),
  };
  return {
    /** Takes the place and size of the canvas. */
    fit: () => fitOverlay(svg, stageCanvas),
    /** Draws a ring and a pin at codes, the way between two, and the trace of one over the epochs; each may be null. */
    show(plane, { ring, pin, way, trace }) {
      const marked = trace && isKnown(trace.codes[trace.at]) ? trace.codes[trace.at] : null;
      setMark(marks.trace, "points", trace && tracePoints(plane, trace.codes));
      setMark(marks.marked, "d", marked && diamondPath(codeToPlace(plane, marked)));
      setMark(marks.ring, "d", ring && ringPath(codeToPlace(plane, ring), true));
      setMark(marks.pin, "d", pin && ringPath(codeToPlace(plane, pin), false));
      setMark(marks.way, "points", way && wayPoints(plane, way));
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

function isKnown(code) {
  return Boolean(code) && code.every(Number.isFinite);
}

function tracePoints(plane, codes) {
  return codes
    .filter(isKnown)
    .map((code) => codeToPlace(plane, code))
    .map(({ left, top }) => `${left.toFixed(1)},${top.toFixed(1)}`)
    .join(" ");
}

/** A way that is straight among the codes is bent where equal steps are equal probabilities. */
function wayPoints(plane, { from, to }) {
  return Array.from({ length: WAY_POINTS + 1 }, (_, index) => {
    const { left, top } = codeToPlace(plane, codeBetween(from, to, index / WAY_POINTS));
    return `${left.toFixed(2)},${top.toFixed(2)}`;
  }).join(" ");
}
