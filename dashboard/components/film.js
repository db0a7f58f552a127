// A film: the epochs of a run under a slider. Frames are kept here, so that moving it asks nobody.

// Steps that follow each other fast are reported once.
const REPORT_PAUSE = 120;
const KEEPS_SPACE = "button, select, a, textarea, input:not([type=range])";

/**
 * Shows what a component was given; its renderer is createPicture(host, film) -> { show, dispose, extra? }.
 * show(picture, shared, frame, epoch): `picture` as Python sent it; `shared` and `frame` hold { shape, values } by
 * name, and `frame` is null until it has come. film: ask, report, epoch, epochs, run, redraw.
 */
function createFilm(component, createPicture) {
  const { parentElement } = component;
  const film = (parentElement.film ??= mountFilm(parentElement, createPicture));
  film.receive(component);
  return film.dispose;
}

function mountFilm(parentElement, createPicture) {
  const element = createElement("div", "film", parentElement);
  // A click anywhere in the film gives it the keyboard.
  element.tabIndex = -1;
  const film = { element, store: createFilmStore(), component: null, header: null, epoch: 0, follow: false, timer: 0, reportId: 0 };
  film.departure = watchForDeparture();
  film.player = createFilmPlayer(playerOf(film));
  film.questions = createQuestions(questionerOf(film));
  film.handlers = handlersOf(film);
  film.controls = createFilmControls(element, film.handlers);
  film.stage = createElement("div", "film-stage", element);
  film.host = createElement("div", "film-picture", film.stage);
  film.message = createElement("div", "film-message", film.stage);
  film.message.setAttribute("role", "status");
  film.message.hidden = true;
  film.picture = createPicture(film.host, interfaceOf(film));
  element.addEventListener("keydown", (event) => toggleBySpace(film, event));
  return { receive: (component) => receiveBlob(film, component), dispose: () => disposeFilm(film, parentElement) };
}

/** What a renderer may use. */
function interfaceOf(film) {
  return {
    ask: (extra) => film.questions.add(extra),
    report: (name, value) => reportValue(film, name, value),
    epoch: () => film.epoch,
    epochs: () => film.store.epochs(),
    run: () => film.header?.run ?? null,
    redraw: () => drawFilm(film),
  };
}

function playerOf(film) {
  return {
    index: () => film.store.epochs().indexOf(film.epoch),
    count: () => film.store.epochs().length,
    ready: (index) => film.store.has(film.store.epochs()[index]),
    move: (index) => moveFilm(film, film.store.epochs()[index]),
    changed() {
      drawFilm(film);
      film.questions.next();
      if (!film.player.playing()) reportEpoch(film);
    },
  };
}

function questionerOf(film) {
  return {
    view: () => film.store.view(),
    wanted: (limit) => film.store.nextEpochs(film.epoch, limit, film.player.playing()),
    extra: () => film.picture.extra?.() ?? {},
    isLeaving: () => film.departure.isRecent(),
    send: (question) => film.component.setStateValue("ask", question),
  };
}

function handlersOf(film) {
  const byHand = (index) => {
    const epochs = film.store.epochs();
    film.player.stop();
    const epoch = epochs.at(Math.max(-1, Math.min(index, epochs.length - 1)));
    // Who looks back does not want to be taken to the end by the next epoch.
    if (film.follow && epoch !== epochs.at(-1)) leaveLive(film, epoch);
    moveFilm(film, epoch);
  };
  return {
    seek: byHand,
    release: () => reportEpoch(film),
    step(count) {
      byHand(Math.max(0, film.store.epochs().indexOf(film.epoch) + count));
      reportEpoch(film);
    },
    jump(index) {
      byHand(index);
      reportEpoch(film);
    },
    toggle() {
      if (film.follow && !film.player.playing()) leaveLive(film, film.epoch);
      film.player.toggle();
    },
    speed: (speed) => film.player.setSpeed(speed),
    live() {
      if (film.follow) return leaveLive(film, film.epoch);
      film.player.stop();
      film.follow = true;
      moveFilm(film, film.store.epochs().at(-1));
      return reportEpoch(film);
    },
  };
}

function receiveBlob(film, component) {
  const isNews = component.data !== film.component?.data;
  film.component = component;
  if (!isNews || !component.data) return;
  const blob = unpack(component.data);
  const { header } = blob;
  const isOtherRun = header.run !== film.header?.run;
  film.header = header;
  if (isOtherRun) {
    film.player.stop();
    const { epoch, follow, report } = header;
    Object.assign(film, { epoch, follow, reported: choiceOf(header), reportId: report });
  } else if (isSentElsewhere(film, header)) {
    const { epoch, follow } = header;
    Object.assign(film, { epoch, follow, reported: choiceOf(header) });
  }
  const news = header.epochs.at(-1) !== film.store.epochs().at(-1);
  if (film.follow && news) film.epoch = header.epochs.at(-1);
  if (!header.epochs.includes(film.epoch)) film.epoch = header.epochs.at(-1);
  film.store.receive(blob, film.epoch);
  film.store.giveUp(film.questions.answered(header, component.data.byteLength));
  film.controls.showLoaded(header.epochs.map((epoch) => film.store.has(epoch)));
  film.element.dataset.view = header.view;
  film.element.dataset.loaded = `${film.store.loadedCount()}/${header.epochs.length}`;
  drawFilm(film);
  film.questions.next();
}

/** Python knows where the film was left and still names another epoch: somebody went back to an older address. */
function isSentElsewhere(film, header) {
  return header.report === film.reportId && choiceOf(header) !== film.reported && !film.player.playing();
}

/** The epoch that was chosen; null for the newest, whichever that is. */
function choiceOf({ follow, epoch }) {
  return follow ? null : epoch;
}

function moveFilm(film, epoch) {
  film.epoch = epoch;
  drawFilm(film);
  if (!film.store.has(epoch)) film.questions.next();
}

function drawFilm(film) {
  const { element, store, header, epoch } = film;
  if (!header) return;
  const failure = store.failure(epoch);
  const frame = store.frame(epoch);
  film.controls.show({
    epochs: header.epochs,
    epoch,
    alive: header.alive,
    follow: film.follow,
    playing: film.player.playing(),
  });
  film.picture.show(header.picture, store.shared(), frame, epoch);
  film.message.hidden = !failure;
  film.message.textContent = failure ?? "";
  film.host.classList.toggle("failed", Boolean(failure));
  if (frame || failure) element.dataset.epoch = epoch;
}

/** Stay at an epoch. That is reported at once, so that no answer moves the slider while it is dragged. */
function leaveLive(film, epoch) {
  film.follow = false;
  moveFilm(film, epoch);
  sendEpoch(film);
}

function reportValue(film, name, value) {
  film.component.setStateValue(name, value);
}

function reportEpoch(film, pause = REPORT_PAUSE) {
  clearTimeout(film.timer);
  film.timer = setTimeout(() => {
    if (film.departure.isRecent()) return reportEpoch(film, FAREWELL_MS);
    sendEpoch(film);
    film.questions.next();
  }, pause);
}

function sendEpoch(film) {
  const choice = choiceOf(film);
  if (film.reported === choice) return;
  film.reported = choice;
  film.reportId = Math.max(film.reportId + 1, Date.now());
  reportValue(film, "epoch", { run: film.header.run, epoch: choice, id: film.reportId });
}

function toggleBySpace(film, event) {
  if (event.key !== " " || event.target.matches(KEEPS_SPACE)) return;
  event.preventDefault();
  if (!event.repeat) film.handlers.toggle();
}

function disposeFilm(film, parentElement) {
  film.player.dispose();
  film.departure.dispose();
  clearTimeout(film.timer);
  film.questions.dispose();
  film.picture.dispose();
  film.element.remove();
  delete parentElement.film;
}
