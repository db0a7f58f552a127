// @ts-check
// The bar over a player: where it stands, and what moves it.

import {
  createButton,
  createElement,
  createIconButton,
  createSlider,
  nameControl,
  setIcon,
} from "../shared/controls.js";

const SPEEDS = [5, 10, 20, 60];
const FIRST_SPEED = 10;

/**
 * @param handlers seek(index) while the slider moves, release() at its end, step(count), jump(index; -1 is the last),
 *   toggle() play, speed(epochs a second), live() to follow the newest epoch, or no longer.
 */
export function createControls(host, handlers) {
  const bar = createElement("div", "player-bar", host);
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Epochs");
  const buttons = createElement("div", "player-buttons", bar);
  createIconButton(buttons, "first", "First epoch", () => handlers.jump(0));
  createIconButton(buttons, "back", "Previous epoch", () => handlers.step(-1));
  const play = createIconButton(buttons, "play", "Play", handlers.toggle);
  createIconButton(buttons, "forward", "Next epoch", () => handlers.step(1));
  createIconButton(buttons, "last", "Last epoch", () => handlers.jump(-1));
  const track = createElement("div", "player-track", bar);
  const slider = createSlider(track, "player-slider", "Epoch", { min: 0, max: 0, step: 1, value: 0 });
  slider.addEventListener("input", () => handlers.seek(slider.valueAsNumber));
  slider.addEventListener("change", handlers.release);
  const loaded = createElement("canvas", "player-loaded", track);
  loaded.setAttribute("aria-hidden", "true");
  const text = createElement("output", "player-epoch", bar);
  const options = createElement("div", "player-options", bar);
  createSpeeds(options, handlers.speed);
  const live = createButton(options, "Live", handlers.live, "button live");
  live.title = "Follow the newest epoch";
  const parts = { play, slider, loaded, text, live };
  return { show: (state) => showControls(parts, state), showLoaded: (flags) => showLoaded(loaded, flags) };
}

function createSpeeds(parent, choose) {
  const select = createElement("select", "button player-speed", parent);
  nameControl(select, "Epochs a second");
  for (const speed of SPEEDS) {
    const option = createElement("option", "", select, `${speed} / s`);
    option.value = String(speed);
    option.selected = speed === FIRST_SPEED;
  }
  select.addEventListener("change", () => choose(Number(select.value)));
}

/** The slider runs over places in the list of epochs; what it says are the epochs themselves. */
function showControls({ play, slider, text, live }, { epochs, epoch, alive, follow, playing }) {
  const last = epochs.length - 1;
  const index = Math.max(0, epochs.indexOf(epoch));
  const place = `Epoch ${epoch} of ${epochs[last]}`;
  if (slider.max !== String(last)) slider.max = last;
  if (slider.valueAsNumber !== index) slider.value = index;
  slider.disabled = last < 1;
  slider.style.setProperty("--player-place", last ? index / last : 0);
  if (text.textContent !== place) {
    text.textContent = place;
    text.style.minWidth = `${9 + 2 * String(epochs[last]).length}ch`;
    slider.setAttribute("aria-valuetext", place);
  }
  setIcon(play, playing ? "pause" : "play", playing ? "Pause" : "Play");
  live.hidden = !alive;
  live.setAttribute("aria-pressed", String(follow));
}

/** A pixel an epoch, stretched to the slider's width; away once all have been loaded. */
function showLoaded(canvas, flags) {
  canvas.classList.toggle("complete", flags.every(Boolean));
  canvas.width = Math.max(1, flags.length);
  canvas.height = 1;
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(canvas).color;
  flags.forEach((flag, place) => flag && context.fillRect(place, 0, 1, 1));
}
