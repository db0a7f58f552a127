// The film of the way between two codes: where it stands, and its controls.

const WAY_SECONDS = 2.5;
const WAY_STEPS = 9;
const PLAY_ICON = '<path d="M7 5v14l12-7z" fill="currentColor"/>';
const PAUSE_ICON = '<path d="M7 5h3.5v14H7zM13.5 5H17v14h-3.5z" fill="currentColor"/>';
const SAVE_ICON =
  '<path d="M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14" fill="none" stroke="currentColor" stroke-width="2"/>';
const CLOSE_ICON = '<path d="m6 6 12 12M18 6 6 18" fill="none" stroke="currentColor" stroke-width="2"/>';

/** A way that has just begun; it moves by itself unless the person asked for less motion. */
function beginWay(from, to) {
  const playing = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  return { from, to, share: 0, direction: 1, playing, time: null };
}

/** Moves a playing way on to a moment in milliseconds, there and back. */
function advanceWay(way, now) {
  const passed = way.time === null ? 0 : (now - way.time) / 1000 / WAY_SECONDS;
  way.time = way.playing ? now : null;
  if (!way.playing) return;
  way.share += way.direction * Math.min(passed, 1);
  if (way.share < 0 || way.share > 1) {
    way.direction = -way.direction;
    way.share = way.share < 0 ? -way.share : 2 - way.share;
  }
}

function codeOnWay({ from, to, share }) {
  return codeBetween(from, to, share);
}

/** The codes of the strip, both ends included. */
function codesAlongWay({ from, to }) {
  return Array.from({ length: WAY_STEPS }, (_, step) => codeBetween(from, to, step / (WAY_STEPS - 1)));
}

/** handlers: toggle(), seek(share), save(), leave(). */
function createWayControls(parent, handlers) {
  const bar = createElement("div", "lens-way-bar", parent);
  const play = lensButton(bar, PLAY_ICON, "Play", handlers.toggle);
  const slider = createElement("input", "lens-way-slider", bar);
  Object.assign(slider, { type: "range", min: 0, max: 1, step: 0.01 });
  slider.setAttribute("aria-label", "Along the way");
  slider.addEventListener("input", () => handlers.seek(slider.valueAsNumber));
  lensButton(bar, SAVE_ICON, "PNG of the way", handlers.save);
  lensButton(bar, CLOSE_ICON, "Leave the way", handlers.leave);
  let shown = null;
  return (way) => {
    slider.value = way.share;
    slider.setAttribute("aria-valuetext", `${Math.round(100 * way.share)}%`);
    if (shown === way.playing) return;
    shown = way.playing;
    setLensIcon(play, way.playing ? PAUSE_ICON : PLAY_ICON, way.playing ? "Pause" : "Play");
  };
}

function lensButton(parent, icon, name, act) {
  const button = createElement("button", "lens-button", parent);
  button.type = "button";
  setLensIcon(button, icon, name);
  button.addEventListener("click", act);
  return button;
}

function setLensIcon(button, icon, name) {
  button.innerHTML = `<svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true">${icon}</svg>`;
  button.title = name;
  button.setAttribute("aria-label", name);
}
