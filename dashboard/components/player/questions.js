// @ts-check
// What a player asks Python for: one question at a time; one that stays without its answer is asked again.

import { FAREWELL_MS } from "../shared/navigation_guard.js";

const FIRST_TIMEOUT = 2000;
const LONGEST_TIMEOUT = 30_000;
const FIRST_COUNT = 8;
const MOST_EPOCHS = 200;
// A question should be answered in about this time, so that a new wish never waits for long behind an old one.
const ANSWER_TIME = 700;
// Python repeats its last answer whenever it draws the page; a heavier one than this is worth an empty question.
const HEAVY_BYTES = 100_000;

/**
 * @param player wanted(limit): epochs to ask for; view(); send(question); extra(): more fields of each question;
 *   isLeaving(): whether another page was asked for, so that no question may be sent.
 */
export function createQuestions(player) {
  const state = { player, id: Date.now(), pending: null, extra: {}, count: FIRST_COUNT, timeout: FIRST_TIMEOUT, timer: 0 };
  state.heavy = false;
  return {
    next: () => askNext(state),
    /** Asks for more than frames, as soon as the question that is under way has been answered. */
    add(extra) {
      Object.assign(state.extra, extra);
      askNext(state);
    },
    /** Takes note of a blob; returns the epochs that it should have held, were they asked for. */
    answered: (header, bytes) => takeAnswer(state, header, bytes),
    dispose() {
      clearTimeout(state.timer);
      state.disposed = true;
    },
  };
}

function askNext(state) {
  if (state.pending || state.disposed) return;
  if (state.player.isLeaving()) {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => askNext(state), FAREWELL_MS);
    return;
  }
  const urgent = Object.keys(state.extra).length > 0;
  const epochs = state.player.wanted(urgent ? Math.min(state.count, FIRST_COUNT) : state.count);
  if (!epochs.length && !urgent && !state.heavy) return;
  state.id += 1;
  const question = { ...state.player.extra(), ...state.extra, id: state.id, view: state.player.view(), epochs };
  state.pending = { question, extra: { ...state.extra }, asked: performance.now() };
  // Streamlit takes no value while it mounts a component.
  setTimeout(() => {
    if (!state.disposed && !state.player.isLeaving()) state.player.send(question);
  }, 0);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => loseQuestion(state), state.timeout);
}

/** The server may be slow, too: it is given more time, and asked for less. */
function loseQuestion(state) {
  state.pending = null;
  state.timeout = Math.min(2 * state.timeout, LONGEST_TIMEOUT);
  state.count = Math.max(1, Math.floor(state.count / 2));
  askNext(state);
}

function takeAnswer(state, header, bytes) {
  const { pending } = state;
  if (pending && pending.question.view !== header.view) {
    clearTimeout(state.timer);
    state.pending = null;
    return [];
  }
  if (!pending || header.answer !== pending.question.id) return [];
  for (const [name, value] of Object.entries(pending.extra)) {
    if (state.extra[name] === value) delete state.extra[name];
  }
  clearTimeout(state.timer);
  const { epochs } = pending.question;
  if (epochs.length) state.count = fittingCount(epochs.length, performance.now() - pending.asked);
  Object.assign(state, { pending: null, timeout: FIRST_TIMEOUT, heavy: bytes > HEAVY_BYTES && epochs.length > 0 });
  return epochs;
}

/** How many epochs to ask for next, after so many took so many milliseconds. */
function fittingCount(count, milliseconds) {
  const fitting = Math.floor((count * ANSWER_TIME) / Math.max(1, milliseconds));
  return Math.max(1, Math.min(fitting, 4 * count, MOST_EPOCHS));
}
