// Times a player from inside its page. Every time is in milliseconds of the page's own clock.
//
// What is drawn has data-epoch or data-view set in the same task; a frame is presented once the first task after its
// callbacks begins, since by then it has been handed on to the screen. What is drawn by one of these callbacks is
// presented with that very frame, all else with the next one.
(() => {
  let isInFrame = false;
  const requestFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (draw) =>
    requestFrame((now) => {
      isInFrame = true;
      try {
        draw(now);
      } finally {
        // Those who observe what was drawn are told before this.
        queueMicrotask(() => (isInFrame = false));
      }
    });
  const pick = (selector, host = document) => {
    const found = host.querySelector(selector);
    if (found) return found;
    for (const element of host.querySelectorAll("*")) {
      const inner = element.shadowRoot && pick(selector, element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const nextTask = () =>
    new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve(performance.now());
      channel.port2.postMessage(0);
    });
  const presented = () =>
    isInFrame ? nextTask() : new Promise((resolve) => requestFrame(() => resolve(nextTask())));
  const player = () => pick(".player");

  /** Drag: from the slider's input event to the frame with its epoch. The mouse is moved by the caller. */
  function watchDrag() {
    const element = player();
    const times = [];
    let began = 0;
    const note = (event) => (began = event.timeStamp);
    element.addEventListener("input", note, true);
    const observer = new MutationObserver(() => {
      if (!began) return;
      const since = began;
      began = 0;
      presented().then((now) => times.push(now - since));
    });
    observer.observe(element, { attributeFilter: ["data-epoch"] });
    return () => {
      observer.disconnect();
      element.removeEventListener("input", note, true);
      return times;
    };
  }

  /**
   * Play: how far the frame with an epoch is from the moment at which the epoch is due, early or late; the press on Play
   * starts the clock. An epoch that is left out comes with the one that is shown in its place.
   */
  function watchPlay(speed) {
    const element = player();
    const times = [];
    let start = 0;
    const first = Number(element.dataset.epoch);
    let shown = first;
    pick('button[title="Play"]', element.getRootNode()).addEventListener("click", (event) => (start = event.timeStamp), {
      once: true,
    });
    const observer = new MutationObserver(() => {
      const epochs = [];
      while (shown < Number(element.dataset.epoch)) epochs.push((shown += 1));
      const due = (epoch) => start + ((epoch - first) * 1000) / speed;
      presented().then((now) => times.push(...epochs.map((epoch) => Math.abs(now - due(epoch)))));
    });
    observer.observe(element, { attributeFilter: ["data-epoch"] });
    return () => {
      observer.disconnect();
      return times;
    };
  }

  /** A choice: from the next click or key of the person until the player of another view is presented and complete. */
  function watchChoice() {
    const before = player().dataset.view;
    let began = 0;
    const note = (event) => (began = event.timeStamp);
    addEventListener("pointerdown", note, true);
    addEventListener("keydown", note, true);
    const until = (isDone) =>
      new Promise((resolve) => {
        const look = () => (isDone() ? resolve() : setTimeout(look, 1));
        look();
      });
    // The player keeps the last picture until the new view's first frame is there, and names the view only then.
    const shown = until(() => player()?.dataset.view !== before && player()?.dataset.loaded[0] !== "0").then(presented);
    const complete = shown.then(() =>
      until(() => {
        const [loaded, all] = player().dataset.loaded.split("/");
        return loaded === all;
      }),
    );
    return Promise.all([shown, complete.then(() => performance.now())]).then(([first, all]) => {
      removeEventListener("pointerdown", note, true);
      removeEventListener("keydown", note, true);
      return { shown: first - began, complete: all - began };
    });
  }
  window.latency = { watchDrag, watchPlay, watchChoice };
})();
