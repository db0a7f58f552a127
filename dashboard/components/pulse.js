// Asks the server for news of what surrounds it, again and again, for as long as it is on the page.

// An answer may be lost, but the pulse should not stop for that.
const PATIENCE = 5;
// Whoever asks for news of a page that the server is just leaving makes Streamlit clear all of the next one.
const FAREWELL_MS = 1000;

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const pulse = (parentElement.pulse ??= createPulse(parentElement));
  pulse.next(1000 * data.seconds, () => setTriggerValue("beat", true));
  return pulse.dispose;
}

/** Beats once after each answer, so that a slow server is never asked faster than it answers. */
function createPulse(parentElement) {
  let timer = 0;
  const departure = watchForDeparture();
  return {
    next(milliseconds, beat) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (departure.isNear()) return this.next(FAREWELL_MS, beat);
        beat();
        this.next(PATIENCE * milliseconds, beat);
      }, milliseconds);
    },
    dispose() {
      clearTimeout(timer);
      departure.dispose();
      delete parentElement.pulse;
    },
  };
}

/** Tells whether something was pressed just now that may lead to another page. */
function watchForDeparture() {
  let pressedAt = -Infinity;
  const note = (event) => {
    if (event.type === "popstate" || event.target.closest?.("a, button")) pressedAt = performance.now();
  };
  addEventListener("click", note, true);
  addEventListener("popstate", note);
  return {
    isNear: () => performance.now() - pressedAt < FAREWELL_MS,
    dispose() {
      removeEventListener("click", note, true);
      removeEventListener("popstate", note);
    },
  };
}
