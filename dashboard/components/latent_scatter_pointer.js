// The legend, and what the mouse finds among the points.

const SWATCH = 32;

/** Buttons for the labels that are there; one pressed shows its label alone. */
function fillLegend(view, draw) {
  const { surface, points } = view;
  if (!points) return;
  const present = [...new Set(points.labels)].sort((a, b) => a - b);
  const theme = readTheme(surface.figure);
  const state = JSON.stringify([present, points.header.class_names, theme.colors, view.chosen]);
  if (state === surface.legendState) return;
  surface.legendState = state;
  const focused = surface.figure.getRootNode().activeElement?.dataset?.label;
  surface.legend.replaceChildren();
  surface.legend.hidden = present.length < 2;
  for (const label of present) {
    const entry = legendEntry(view, label, theme);
    entry.addEventListener("click", () => {
      view.chosen = view.chosen === label ? null : label;
      fillLegend(view, draw);
      draw();
    });
    if (focused === String(label)) entry.focus();
  }
}

function legendEntry(view, label, theme) {
  const name = view.points.header.class_names[label];
  const entry = createElement("button", "legend-entry", view.surface.legend);
  entry.type = "button";
  entry.dataset.label = label;
  entry.title = view.chosen === label ? "Show all" : `Show only ${name}`;
  entry.setAttribute("aria-pressed", String(view.chosen === label));
  entry.classList.toggle("faded", view.chosen !== null && view.chosen !== label);
  const swatch = paintMarkShape(SWATCH, label, theme, 1, SWATCH / 3, SWATCH / 2, SWATCH / 2).canvas;
  swatch.className = "swatch";
  entry.append(swatch);
  createElement("span", "", entry, name);
  return entry;
}

function listenToPointer(view, draw) {
  const { canvas, tooltip } = view.surface;
  const mark = (index) => {
    if (index === view.marked) return;
    view.marked = index;
    draw();
  };
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const index = nearestPoint(view, event.clientX - box.left, event.clientY - box.top);
    mark(index);
    if (index === null) tooltip.box.hidden = true;
    else showTooltip(view, index);
  });
  canvas.addEventListener("pointerleave", () => {
    mark(null);
    tooltip.box.hidden = true;
  });
}

/** Index of the point nearest to a place on the canvas, if one is within reach. */
function nearestPoint({ frame, points, chosen }, left, top) {
  if (!frame || !points) return null;
  let nearest = null;
  let best = REACH * REACH;
  for (let index = 0; index < points.x.length; index++) {
    if (chosen !== null && points.labels[index] !== chosen) continue;
    const dx = frame.x(points.x[index]) - left;
    const dy = frame.y(points.y[index]) - top;
    if (dx * dx + dy * dy < best) {
      best = dx * dx + dy * dy;
      nearest = index;
    }
  }
  return nearest;
}

function showTooltip(view, index) {
  const { frame, points } = view;
  const { box, text } = view.surface.tooltip;
  const number = (value) => value.toFixed(2).replace("-", "−");
  const place = points.header.one_dimensional
    ? `z ${number(points.x[index])}`
    : `z (${number(points.x[index])}, ${number(points.y[index])})`;
  const name = points.header.class_names[points.labels[index]];
  text.textContent = `Label ${name} · index ${points.indices[index]} · ${place}`;
  box.hidden = false;
  const left = frame.x(points.x[index]);
  const top = frame.y(points.y[index]);
  box.style.left = `${Math.max(0, Math.min(left - box.offsetWidth / 2, frame.size - box.offsetWidth))}px`;
  box.style.top = `${top > box.offsetHeight + 14 ? top - box.offsetHeight - 10 : top + 12}px`;
}
