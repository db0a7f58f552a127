// Records what a player draws: the epoch, the grey at the centre of a tile, and the time since the slider's event.
player => {
  const record = { drawn: [], handled: [], shown: [] };
  let began = 0;
  player.addEventListener("input", event => { began = event.timeStamp; }, true);
  new MutationObserver(() => {
    const canvas = player.querySelector("canvas.picture");
    const [x, y] = player.dataset.probe ? player.dataset.probe.split(",").map(Number) : [4, 4];
    const grey = canvas.getContext("2d").getImageData(x, y, 1, 1).data[0];
    record.drawn.push([Number(player.dataset.epoch), grey]);
    if (!began) return;
    const since = began;
    began = 0;
    record.handled.push(performance.now() - since);
    // The first task after a frame's callbacks begins once the frame has been handed on to the screen.
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => record.shown.push(performance.now() - since);
      channel.port2.postMessage(0);
    });
  }).observe(player, { attributeFilter: ["data-epoch"] });
  window.playerRecord = record;
}
