// @ts-check
// The interpolation between two codes: where it stands, and its controls.

import { codeBetween } from "./lens_plane.js";
import { createElement, createIconButton, createSlider, setIcon } from "../shared/controls.js";

const INTERPOLATION_SECONDS = 2.5;
export const INTERPOLATION_STEPS = 9;
/** An interpolation that has just begun; it moves by itself unless the person asked for less motion. */
export function beginInterpolation(from, to) {
  const playing = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  return { from, to, share: 0, direction: 1, playing, time: null };
}

/** Moves a playing interpolation on to a moment in milliseconds, there and back. */
export function advanceInterpolation(interpolation, now) {
  const passed = interpolation.time === null ? 0 : (now - interpolation.time) / 1000 / INTERPOLATION_SECONDS;
  interpolation.time = interpolation.playing ? now : null;
  if (!interpolation.playing) return;
  interpolation.share += interpolation.direction * Math.min(passed, 1);
  if (interpolation.share < 0 || interpolation.share > 1) {
    interpolation.direction = -interpolation.direction;
    interpolation.share = interpolation.share < 0 ? -interpolation.share : 2 - interpolation.share;
  }
}

export function codeOn({ from, to, share }) {
  return codeBetween(from, to, share);
}

/** The codes of the strip, both ends included. */
export function codesAlong({ from, to }) {
  const last = INTERPOLATION_STEPS - 1;
  return Array.from({ length: last + 1 }, (_, step) => codeBetween(from, to, step / last));
}

/** handlers: toggle(), seek(share), save(), leave(). */
export function createInterpolationControls(parent, handlers) {
  const bar = createElement("div", "lens-interpolation-bar", parent);
  const play = createIconButton(bar, "play", "Play", handlers.toggle);
  const slider = createSlider(bar, "", "Along the interpolation", { min: 0, max: 1, step: 0.01 });
  slider.addEventListener("input", () => handlers.seek(slider.valueAsNumber));
  createIconButton(bar, "download", "PNG of the interpolation", handlers.save);
  createIconButton(bar, "close", "Leave the interpolation", handlers.leave);
  return (interpolation) => {
    slider.value = interpolation.share;
    slider.setAttribute("aria-valuetext", `${Math.round(100 * interpolation.share)}%`);
    setIcon(play, interpolation.playing ? "pause" : "play", interpolation.playing ? "Pause" : "Play");
  };
}
