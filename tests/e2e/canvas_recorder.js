// Records what a film draws: each epoch as it comes on, and a fingerprint of its first picture.
film => {
  const canvas = film.querySelector("canvas.picture");
  const fingerprint = () => {
    const words = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    let hash = 2166136261;
    for (const word of words) hash = Math.imul(hash ^ word, 16777619);
    return hash >>> 0;
  };
  window.drawnEpochs = [];
  window.canvasFingerprint = fingerprint;
  new MutationObserver(() => window.drawnEpochs.push([Number(film.dataset.epoch), fingerprint()]))
    .observe(film, { attributeFilter: ["data-epoch"] });
}
