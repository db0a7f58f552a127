// Plays a film: so many epochs a second, waiting where a frame has not come yet.

/**
 * @param film index(), count(), ready(index), move(index) that shows an epoch, changed() after a start or an end.
 */
function createFilmPlayer(film) {
  const state = { film, speed: 10, request: 0, began: 0, from: 0 };
  const begin = (now) => Object.assign(state, { began: now, from: film.index() });
  const stop = () => {
    if (!state.request) return;
    cancelAnimationFrame(state.request);
    state.request = 0;
    film.changed();
  };
  const tick = (now) => {
    state.request = requestAnimationFrame(tick);
    const due = state.from + Math.floor(((now - state.began) * state.speed) / 1000);
    const index = reachable(film, due);
    if (index < due) begin(now);
    if (index !== film.index()) film.move(index);
    if (index >= film.count() - 1) stop();
  };
  return {
    playing: () => state.request !== 0,
    stop,
    dispose: () => cancelAnimationFrame(state.request),
    toggle() {
      if (state.request) return stop();
      if (film.index() >= film.count() - 1) film.move(0);
      begin(performance.now());
      state.request = requestAnimationFrame(tick);
      return film.changed();
    },
    setSpeed(speed) {
      begin(performance.now());
      state.speed = speed;
    },
  };
}

/** As far as the time has come and frames are there. */
function reachable(film, due) {
  let index = film.index();
  while (index < due && index < film.count() - 1 && film.ready(index + 1)) index += 1;
  return index;
}
