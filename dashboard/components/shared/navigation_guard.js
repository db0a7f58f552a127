// @ts-check
// Tells whether something was pressed a moment ago that may lead to another page.
//
// Whoever asks the server for a part of the page that it is just leaving makes Streamlit clear all of the next one.

const LEADS_AWAY = "a[href], header button";
export const FAREWELL_MS = 3000;

/** Watches for what leads to another page. */
export function watchForDeparture() {
  return watchPresses(LEADS_AWAY, FAREWELL_MS, ["click", "popstate"]);
}

export function watchPresses(selector, milliseconds, types = ["click"]) {
  let pressedAt = -Infinity;
  const note = (event) => {
    if (event.type !== "click" || event.target.closest?.(selector)) pressedAt = performance.now();
  };
  types.forEach((type) => addEventListener(type, note, true));
  return {
    isRecent: () => performance.now() - pressedAt < milliseconds,
    dispose: () => types.forEach((type) => removeEventListener(type, note, true)),
  };
}
