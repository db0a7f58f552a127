// @ts-check
// Asks the server for news of what surrounds it, again and again, for as long as it is on the page.

import { whenGone } from "../shared/mount.js";
import { watchForDeparture, watchPresses } from "../shared/navigation_guard.js";

// An answer may be lost: after so many times the usual wait it is asked for again.
const WAITS_FOR_ANSWER = 5;
// A button may lead to another page, too; mostly it does not.
const BUTTON_MS = 1000;

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const refresh = (parentElement.refresh ??= createRefresh(parentElement));
  refresh.next(1000 * data.seconds, () => setTriggerValue("beat", true));
  return whenGone(parentElement, refresh.dispose);
}

/** Beats once after each answer, so that a slow server is never asked faster than it answers. */
function createRefresh(parentElement) {
  let timer = 0;
  const presses = [watchForDeparture(), watchPresses("button", BUTTON_MS)];
  return {
    next(milliseconds, beat) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (presses.some((press) => press.isRecent())) return this.next(BUTTON_MS, beat);
        beat();
        this.next(WAITS_FOR_ANSWER * milliseconds, beat);
      }, milliseconds);
    },
    dispose() {
      clearTimeout(timer);
      presses.forEach((press) => press.dispose());
      delete parentElement.refresh;
    },
  };
}
