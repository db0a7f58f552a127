// @ts-check
// Asks for the page anew when nothing of it is left.
//
// Streamlit clears a page when it is asked for news of a part of the one before. What the first script drew stays,
// and so does this, which then is all that there is. If a part of the cleared page comes after that, Streamlit fails
// for good; then the browser opens the address again, which says what was looked at.

import { whenGone } from "../shared/mount.js";

const LOOK_MS = 250;
const FAILURE = "Bad delta path index";
const REOPENED_AT = "cvae_reopened_at";
const REOPEN_PAUSE_MS = 20_000;

let isGuarded = false;

export default function (component) {
  const { parentElement, setTriggerValue } = component;
  // All that is mounted goes when Streamlit fails, this as well, so it is not taken back.
  if (!isGuarded) addEventListener("error", reopenAfterFailure);
  isGuarded = true;
  const frame = (parentElement.frame ??= createFrame(parentElement));
  frame.onLost = () => setTriggerValue("lost", true);
  return whenGone(parentElement, frame.dispose);
}

function createFrame(parentElement) {
  let looksInVain = 0;
  let patience = 2;
  const look = () => {
    if (!isAtRest()) return;
    looksInVain = isEmpty() ? looksInVain + 1 : 0;
    if (!looksInVain) patience = 2;
    if (looksInVain < patience) return;
    looksInVain = 0;
    patience *= 2; // a page that stays empty is not asked for as often
    frame.onLost();
  };
  const timer = setInterval(look, LOOK_MS);
  const frame = {
    onLost: () => {},
    dispose() {
      clearInterval(timer);
      delete parentElement.frame;
    },
  };
  return frame;
}

/** Once in a while: what fails right away again is better left as it is. */
function reopenAfterFailure({ message }) {
  if (!message?.includes(FAILURE)) return;
  if (Date.now() - Number(sessionStorage.getItem(REOPENED_AT)) < REOPEN_PAUSE_MS) return;
  sessionStorage.setItem(REOPENED_AT, String(Date.now()));
  location.reload();
}

function isAtRest() {
  /** @type {HTMLElement | null} */
  const app = document.querySelector("[data-testid=stApp]");
  const state = app?.dataset;
  return state?.testConnectionState === "CONNECTED" && state.testScriptState === "notRunning";
}

/** Whether there is nothing but the frame. */
function isEmpty() {
  const elements = document.querySelectorAll("[data-testid=stMainBlockContainer] [data-testid=stElementContainer]");
  return [...elements].every((element) => element.closest(".st-key-page_frame"));
}
