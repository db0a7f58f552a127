// The bar over a film: where it stands, and what moves it.

const SPEEDS = [5, 10, 20, 60];
const FIRST_SPEED = 10;
const CONTROL_ICONS = {
  first: '<path d="M6 5v14M19 5 9 12l10 7z"/>',
  back: '<path d="M16 5 7 12l9 7z"/>',
  play: '<path d="M7 4v16l13-8z"/>',
  pause: '<path d="M8 5v14M16 5v14" stroke-width="4"/>',
  forward: '<path d="M8 5l9 7-9 7z"/>',
  last: '<path d="M18 5v14M5 5l10 7-10 7z"/>',
};

/**
 * @param handlers seek(index) while the slider moves, release() at its end, step(count), jump(index; -1 is the last),
 *   toggle() play, speed(epochs a second), live() to follow the newest epoch, or no longer.
 */
function createFilmControls(host, handlers) {
  const bar = createElement("div", "film-bar", host);
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Epochs");
  const buttons = createElement("div", "film-buttons", bar);
  controlButton(buttons, "first", "First epoch", () => handlers.jump(0));
  controlButton(buttons, "back", "Previous epoch", () => handlers.step(-1));
  const play = controlButton(buttons, "play", "Play", handlers.toggle);
  controlButton(buttons, "forward", "Next epoch", () => handlers.step(1));
  controlButton(buttons, "last", "Last epoch", () => handlers.jump(-1));
  const track = createElement("div", "film-track", bar);
  const slider = createSlider(track, handlers);
  const loaded = createElement("canvas", "film-loaded", track);
  loaded.setAttribute("aria-hidden", "true");
  const text = createElement("output", "film-epoch", bar);
  const options = createElement("div", "film-options", bar);
  createSpeeds(options, handlers.speed);
  const live = createLive(options, handlers.live);
  const parts = { play, slider, loaded, text, live };
  return { show: (state) => showControls(parts, state), showLoaded: (flags) => showLoaded(loaded, flags) };
}

function controlButton(parent, icon, name, press) {
  const button = createElement("button", "film-button", parent);
  button.type = "button";
  button.addEventListener("click", press);
  nameButton(button, icon, name);
  return button;
}

function nameButton(button, icon, name) {
  if (button.title === name) return;
  button.title = name;
  button.setAttribute("aria-label", name);
  button.innerHTML =
    '<svg viewBox="0 0 24 24" width="14" height="14" aria-hidden="true" fill="currentColor" stroke="currentColor"' +
    ` stroke-width="2.5" stroke-linejoin="round">${CONTROL_ICONS[icon]}</svg>`;
}

function createSlider(parent, handlers) {
  const slider = createElement("input", "film-slider", parent);
  Object.assign(slider, { type: "range", min: 0, max: 0, step: 1, value: 0, title: "Epoch" });
  slider.setAttribute("aria-label", "Epoch");
  slider.addEventListener("input", () => handlers.seek(slider.valueAsNumber));
  slider.addEventListener("change", handlers.release);
  return slider;
}

function createSpeeds(parent, choose) {
  const select = createElement("select", "film-speed", parent);
  select.title = "Epochs a second";
  select.setAttribute("aria-label", "Epochs a second");
  for (const speed of SPEEDS) {
    const option = createElement("option", "", select, `${speed} / s`);
    option.value = speed;
    option.selected = speed === FIRST_SPEED;
  }
  select.addEventListener("change", () => choose(Number(select.value)));
}

function createLive(parent, press) {
  const button = createElement("button", "film-live", parent, "Live");
  Object.assign(button, { type: "button", title: "Follow the newest epoch" });
  button.addEventListener("click", press);
  return button;
}

/** The slider runs over places in the list of epochs; what it says are the epochs themselves. */
function showControls({ play, slider, text, live }, { epochs, epoch, alive, follow, playing }) {
  const last = epochs.length - 1;
  const index = Math.max(0, epochs.indexOf(epoch));
  const place = `Epoch ${epoch} of ${epochs[last]}`;
  if (slider.max !== String(last)) slider.max = last;
  if (slider.valueAsNumber !== index) slider.value = index;
  slider.disabled = last < 1;
  slider.style.setProperty("--film-place", last ? index / last : 0);
  if (text.textContent !== place) {
    text.textContent = place;
    text.style.minWidth = `${9 + 2 * String(epochs[last]).length}ch`;
    slider.setAttribute("aria-valuetext", place);
  }
  nameButton(play, playing ? "pause" : "play", playing ? "Pause" : "Play");
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
