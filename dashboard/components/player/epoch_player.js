// @ts-check
// A player: the epochs of a run under a slider. Frames are kept here, so that moving it asks nobody.

import { createClock } from "./clock.js";
import { createControls } from "./controls.js";
import { createFrameStore } from "./frame_store.js";
import { createQuestions } from "./questions.js";
import { createElement } from "../shared/controls.js";
import { mount } from "../shared/mount.js";
import { FAREWELL_MS, watchForDeparture } from "../shared/navigation_guard.js";

// Steps that follow each other fast are reported once.
const REPORT_PAUSE = 120;
const KEEPS_SPACE = "button, select, a, textarea, input:not([type=range])";

/**
 * Shows what a component was given; its renderer is createPicture(host, player) -> { show, dispose, extra? }.
 * show(picture, shared, frame, epoch): `picture` as Python sent it; `shared` and `frame` hold { shape, values } by
 * name, and `frame` is null until it has come. player: ask, report, epoch, epochs, run, redraw.
 * receive(blob) sees each blob before that.
 */
export function createEpochPlayer(component, createPicture) {
  return mount(component, (parentElement) => createPlayer(parentElement, createPicture));
}

function createPlayer(parentElement, createPicture) {
  const element = createElement("div", "player", parentElement);
  // A click anywhere in the player gives it the keyboard.
  element.tabIndex = -1;
  const player = { element, store: createFrameStore(), header: null, epoch: 0, follow: false, timer: 0, reportId: 0 };
  player.departure = watchForDeparture();
  player.clock = createClock(playerOf(player));
  player.questions = createQuestions(questionerOf(player));
  player.handlers = handlersOf(player);
  player.controls = createControls(element, player.handlers);
  player.stage = createElement("div", "player-stage", element);
  player.host = createElement("div", "player-picture", player.stage);
  player.message = createElement("div", "player-message", player.stage);
  player.message.setAttribute("role", "status");
  player.message.hidden = true;
  player.picture = createPicture(player.host, interfaceOf(player));
  element.addEventListener("keydown", (event) => toggleBySpace(player, event));
  return Object.assign(player, { receive: (blob) => receiveBlob(player, blob), dispose: () => disposePlayer(player) });
}

/** What a renderer may use. */
function interfaceOf(player) {
  return {
    ask: (extra) => player.questions.add(extra),
    report: (name, value) => reportValue(player, name, value),
    epoch: () => player.epoch,
    epochs: () => player.store.epochs(),
    run: () => player.header?.run ?? null,
    redraw: () => drawPlayer(player),
  };
}

function playerOf(player) {
  return {
    index: () => player.store.epochs().indexOf(player.epoch),
    count: () => player.store.epochs().length,
    ready: (index) => player.store.has(player.store.epochs()[index]),
    move: (index) => moveTo(player, player.store.epochs()[index]),
    changed() {
      drawPlayer(player);
      player.questions.next();
      if (!player.clock.playing()) reportEpoch(player);
    },
  };
}

function questionerOf(player) {
  return {
    view: () => player.store.view(),
    wanted: (limit) => player.store.nextEpochs(player.epoch, limit, player.clock.playing()),
    extra: () => player.picture.extra?.() ?? {},
    isLeaving: () => player.departure.isRecent(),
    send: (question) => player.component.setStateValue("ask", question),
  };
}

function handlersOf(player) {
  const byHand = (index) => {
    const epochs = player.store.epochs();
    player.clock.stop();
    const epoch = epochs.at(Math.max(-1, Math.min(index, epochs.length - 1)));
    // Who looks back does not want to be taken to the end by the next epoch.
    if (player.follow && epoch !== epochs.at(-1)) leaveLive(player, epoch);
    moveTo(player, epoch);
  };
  return {
    seek: byHand,
    release: () => reportEpoch(player),
    step(count) {
      byHand(Math.max(0, player.store.epochs().indexOf(player.epoch) + count));
      reportEpoch(player);
    },
    jump(index) {
      byHand(index);
      reportEpoch(player);
    },
    toggle() {
      if (player.follow && !player.clock.playing()) leaveLive(player, player.epoch);
      player.clock.toggle();
    },
    speed: (speed) => player.clock.setSpeed(speed),
    live() {
      if (player.follow) return leaveLive(player, player.epoch);
      player.clock.stop();
      player.follow = true;
      moveTo(player, player.store.epochs().at(-1));
      return reportEpoch(player);
    },
  };
}

function receiveBlob(player, blob) {
  const { header } = blob;
  player.picture.receive?.(blob);
  const isOtherRun = header.run !== player.header?.run;
  player.header = header;
  if (isOtherRun) {
    player.clock.stop();
    const { epoch, follow, report } = header;
    Object.assign(player, { epoch, follow, reported: choiceOf(header), reportId: report });
  } else if (isSentElsewhere(player, header)) {
    const { epoch, follow } = header;
    Object.assign(player, { epoch, follow, reported: choiceOf(header) });
  }
  const news = header.epochs.at(-1) !== player.store.epochs().at(-1);
  if (player.follow && news) player.epoch = header.epochs.at(-1);
  if (!header.epochs.includes(player.epoch)) player.epoch = header.epochs.at(-1);
  player.store.receive(blob, player.epoch);
  player.store.giveUp(player.questions.answered(header, player.component.data.byteLength));
  player.controls.showLoaded(header.epochs.map((epoch) => player.store.has(epoch)));
  player.element.dataset.view = header.view;
  player.element.dataset.loaded = `${player.store.loadedCount()}/${header.epochs.length}`;
  drawPlayer(player);
  player.questions.next();
}

/** Python knows where the player was left and still names another epoch: somebody went back to an older address. */
function isSentElsewhere(player, header) {
  return header.report === player.reportId && choiceOf(header) !== player.reported && !player.clock.playing();
}

/** The epoch that was chosen; null for the newest, whichever that is. */
function choiceOf({ follow, epoch }) {
  return follow ? null : epoch;
}

function moveTo(player, epoch) {
  player.epoch = epoch;
  drawPlayer(player);
  if (!player.store.has(epoch)) player.questions.next();
}

function drawPlayer(player) {
  const { element, store, header, epoch } = player;
  if (!header) return;
  const failure = store.failure(epoch);
  const frame = store.frame(epoch);
  player.controls.show({
    epochs: header.epochs,
    epoch,
    alive: header.alive,
    follow: player.follow,
    playing: player.clock.playing(),
  });
  player.picture.show(header.picture, store.shared(), frame, epoch);
  player.message.hidden = !failure;
  player.message.textContent = failure ?? "";
  player.host.classList.toggle("failed", Boolean(failure));
  if (frame || failure) element.dataset.epoch = epoch;
}

/** Stay at an epoch. That is reported at once, so that no answer moves the slider while it is dragged. */
function leaveLive(player, epoch) {
  player.follow = false;
  moveTo(player, epoch);
  sendEpoch(player);
}

function reportValue(player, name, value) {
  player.component.setStateValue(name, value);
}

function reportEpoch(player, pause = REPORT_PAUSE) {
  clearTimeout(player.timer);
  player.timer = setTimeout(() => {
    if (player.departure.isRecent()) return reportEpoch(player, FAREWELL_MS);
    sendEpoch(player);
    player.questions.next();
  }, pause);
}

function sendEpoch(player) {
  const choice = choiceOf(player);
  if (player.reported === choice) return;
  player.reported = choice;
  player.reportId = Math.max(player.reportId + 1, Date.now());
  reportValue(player, "epoch", { run: player.header.run, epoch: choice, id: player.reportId });
}

function toggleBySpace(player, event) {
  if (event.key !== " " || event.target.matches(KEEPS_SPACE)) return;
  event.preventDefault();
  if (!event.repeat) player.handlers.toggle();
}

function disposePlayer(player) {
  player.clock.dispose();
  player.departure.dispose();
  clearTimeout(player.timer);
  player.questions.dispose();
  player.picture.dispose();
  player.element.remove();
}
