// Records what a player draws: each epoch as it comes on, and a fingerprint of its first picture.
player => {
  const canvas = player.querySelector("canvas.picture");
  const fingerprint = () => {
    const words = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    let hash = 2166136261;
    for (const word of words) hash = Math.imul(hash ^ word, 16777619);
    return hash >>> 0;
  };
  window.drawnEpochs = [];
  window.canvasFingerprint = fingerprint;
  new MutationObserver(() => window.drawnEpochs.push([Number(player.dataset.epoch), fingerprint()]))
    .observe(player, { attributeFilter: ["data-epoch"] });
}
