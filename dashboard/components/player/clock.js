// @ts-check
// Plays a player: so many epochs a second, waiting where a frame has not come yet.

// Milliseconds; after a longer pause than the second, ticks do not tell how often the screen is renewed.
const USUAL_PERIOD = 1000 / 60;
const LONGEST_PERIOD = 20;

/**
 * @param player index(), count(), ready(index), move(index) that shows an epoch, changed() after a start or an end.
 */
export function createClock(player) {
  const state = { player, speed: 10, request: 0, began: 0, from: 0, ticked: 0, period: USUAL_PERIOD, cost: 0 };
  const begin = (now) => Object.assign(state, { began: now, from: player.index() });
  const stop = () => {
    if (!state.request) return;
    cancelAnimationFrame(state.request);
    state.request = 0;
    player.changed();
  };
  const tick = (now) => {
    state.request = requestAnimationFrame(tick);
    notePeriod(state, now);
    const due = dueIndex(state, now);
    const index = reachable(player, due);
    if (index !== player.index()) drawIndex(state, index, now);
    // The clock stands still while a frame is waited for: it is due still, and what follows it is not skipped.
    if (index < due) begin(now - 1000 / state.speed);
    if (index >= player.count() - 1) stop();
  };
  return {
    playing: () => state.request !== 0,
    stop,
    dispose: () => cancelAnimationFrame(state.request),
    toggle() {
      if (state.request) return stop();
      if (player.index() >= player.count() - 1) player.move(0);
      begin(performance.now());
      state.request = requestAnimationFrame(tick);
      return player.changed();
    },
    setSpeed(speed) {
      begin(performance.now());
      state.speed = speed;
    },
  };
}

function notePeriod(state, now) {
  const since = now - state.ticked;
  if (since > 0 && since < LONGEST_PERIOD) state.period = since;
  state.ticked = now;
}

/** Takes note of how long after the frame's beginning the picture is there. */
function drawIndex(state, index, now) {
  state.player.move(index);
  state.cost = Math.min(performance.now() - now, LONGEST_PERIOD);
}

/** An epoch is drawn in the frame whose picture is there nearest to its time, be that before or after it. */
function dueIndex({ from, began, speed, period, cost }, now) {
  return from + Math.floor(((now + cost + period / 2 - began) * speed) / 1000);
}

/** As far as the time has come and frames are there. */
function reachable(player, due) {
  let index = player.index();
  while (index < due && index < player.count() - 1 && player.ready(index + 1)) index += 1;
  return index;
}
