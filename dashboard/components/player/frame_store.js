// @ts-check
// The frames of a player: what each epoch's picture is drawn from, as far as it has come.

const STORE_BYTES = 96 * 2 ** 20;
const QUESTION_BYTES = 3e6;
// While playing, what comes next is wanted before the rest of the run.
const AHEAD = 12;

/** Frames by epoch of the newest view; another view drops them all. */
export function createFrameStore() {
  const state = { view: null, epochs: [], frames: new Map(), failed: new Map(), shared: {}, bytes: 0 };
  return {
    receive: (blob, current) => receiveFrames(state, blob, current),
    view: () => state.view,
    epochs: () => state.epochs,
    shared: () => state.shared,
    frame: (epoch) => state.frames.get(epoch)?.arrays ?? null,
    failure: (epoch) => state.failed.get(epoch) ?? null,
    has: (epoch) => state.frames.has(epoch) || state.failed.has(epoch),
    /** Epochs that were asked for and answered without a frame are not asked for again. */
    giveUp(epochs) {
      for (const epoch of epochs) {
        if (!this.has(epoch)) state.failed.set(epoch, `Epoch ${epoch} could not be loaded.`);
      }
    },
    nextEpochs: (current, limit = Infinity, playing = false) => chooseEpochs(state, current, limit, playing),
    loadedCount() {
      return state.epochs.reduce((count, epoch) => count + this.has(epoch), 0);
    },
  };
}

function receiveFrames(state, { header, arrays }, current) {
  if (header.view !== state.view) {
    Object.assign(state, { view: header.view, frames: new Map(), failed: new Map(), shared: {}, bytes: 0 });
  }
  state.epochs = header.epochs;
  for (const [epoch, sentence] of Object.entries(header.failed)) state.failed.set(Number(epoch), sentence);
  const stacked = [];
  for (const [name, array] of Object.entries(arrays)) {
    if (name.startsWith("frame/")) stacked.push([name.slice("frame/".length), array]);
    else state.shared[name] = array;
  }
  header.frame_epochs.forEach((epoch, place) => keepFrame(state, epoch, place, stacked));
  dropFarthest(state, current);
}

/** Copies a frame out of the blob, so that one frame can be dropped without the others. */
function keepFrame(state, epoch, place, stacked) {
  const arrays = {};
  let bytes = 0;
  for (const [name, { shape, values }] of stacked) {
    const size = values.length / shape[0];
    arrays[name] = { shape: shape.slice(1), values: values.slice(place * size, (place + 1) * size) };
    bytes += arrays[name].values.byteLength;
  }
  state.bytes += bytes - (state.frames.get(epoch)?.bytes ?? 0);
  state.frames.set(epoch, { arrays, bytes });
  state.failed.delete(epoch);
}

function dropFarthest(state, current) {
  if (state.bytes <= STORE_BYTES) return;
  const order = [...state.frames.keys()].sort((a, b) => Math.abs(b - current) - Math.abs(a - current));
  for (const epoch of order) {
    if (state.bytes <= STORE_BYTES) return;
    state.bytes -= state.frames.get(epoch).bytes;
    state.frames.delete(epoch);
  }
}

/** The current epoch first, then coarse to fine over the run: as many as make about 3 MB, and fit into the store. */
function chooseEpochs(state, current, limit, playing) {
  const { epochs, frames, failed } = state;
  const frameBytes = frames.size ? Math.max(1, state.bytes / frames.size) : QUESTION_BYTES / 4;
  const most = Math.min(limit, Math.max(1, Math.floor(QUESTION_BYTES / frameBytes)));
  const reach = reachOf(epochs, current, Math.floor(STORE_BYTES / frameBytes));
  const chosen = new Set();
  const want = (epoch) => {
    if (chosen.size < most && reach(epoch) && !frames.has(epoch) && !failed.has(epoch)) chosen.add(epoch);
  };
  const index = epochs.indexOf(current);
  if (index >= 0) want(current);
  if (playing) epochs.slice(index + 1, index + 1 + AHEAD).forEach(want);
  for (let stride = 2 ** Math.ceil(Math.log2(epochs.length || 1)); stride >= 1 && chosen.size < most; stride /= 2) {
    for (let place = 0; place < epochs.length; place += stride) want(epochs[place]);
    want(epochs.at(-1));
  }
  return [...chosen];
}

/** Tells which epochs are near enough to stay, were all of them there: others would only push each other out. */
function reachOf(epochs, current, capacity) {
  if (epochs.length <= capacity) return (epoch) => epoch !== undefined;
  const distances = epochs.map((epoch) => Math.abs(epoch - current)).sort((a, b) => a - b);
  const farthest = distances[Math.max(0, capacity - 2)];
  return (epoch) => Math.abs(epoch - current) <= farthest && epoch !== undefined;
}
