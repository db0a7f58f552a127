// Asks the server for news of what surrounds it, again and again, for as long as it is on the page.

// An answer may be lost, but the pulse should not stop for that.
const PATIENCE = 5;
// A button may lead to another page, too; mostly it does not.
const BUTTON_MS = 1000;

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const pulse = (parentElement.pulse ??= createPulse(parentElement));
  pulse.next(1000 * data.seconds, () => setTriggerValue("beat", true));
  return pulse.dispose;
}

/** Beats once after each answer, so that a slow server is never asked faster than it answers. */
function createPulse(parentElement) {
  let timer = 0;
  const presses = [watchForDeparture(), watchPresses("button", BUTTON_MS)];
  return {
    next(milliseconds, beat) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (presses.some((press) => press.isRecent())) return this.next(BUTTON_MS, beat);
        beat();
        this.next(PATIENCE * milliseconds, beat);
      }, milliseconds);
    },
    dispose() {
      clearTimeout(timer);
      presses.forEach((press) => press.dispose());
      delete parentElement.pulse;
    },
  };
}
