// Which frames an epoch player keeps and asks for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createFrameStore } from "../../dashboard/components/player/frame_store.js";

const MEBIBYTE = 2 ** 20;
const range = (count) => Array.from({ length: count }, (_, index) => index);

/** Every value of a frame is its epoch. */
function blob(epochs, frameEpochs, bytes, view = "v") {
  const values = new Uint8Array(frameEpochs.length * bytes);
  frameEpochs.forEach((epoch, place) => values.fill(epoch, place * bytes, (place + 1) * bytes));
  const arrays = frameEpochs.length ? { "frame/a": { shape: [frameEpochs.length, bytes], values } } : {};
  return { header: { view, epochs, failed: {}, frame_epochs: frameEpochs }, arrays };
}

function storeWith(...blobs) {
  const store = createFrameStore();
  for (const [current, ...what] of blobs) store.receive(blob(...what), current);
  return store;
}

/** Answers every question of the store until it has none; gives all that it asked for, in order. */
function load(store, epochs, bytes, current, limit) {
  const asked = [];
  for (let turn = 0; turn < 500; turn++) {
    const wanted = store.nextEpochs(current, limit);
    if (!wanted.length) return asked;
    asked.push(wanted);
    store.receive(blob(epochs, wanted, bytes), current);
  }
  throw new Error("the store never stops asking");
}

test("the current epoch comes first, and then the whole run coarse to fine", () => {
  const asked = load(storeWith([7, range(65), [], 10]), range(65), 10, 7, 5).flat();
  assert.equal(asked[0], 7);
  assert.deepEqual([...asked].sort((a, b) => a - b), range(65));
  assert.deepEqual(new Set(asked.slice(1, 6)), new Set([0, 64, 32, 16, 48]));
});

test("frames are those of their epochs", () => {
  const store = storeWith([0, [0, 3, 9], [9, 3], 2]);
  const frames = [9, 3, 0].map((epoch) => store.frame(epoch) && [...store.frame(epoch).a.values]);
  assert.deepEqual(frames, [[9, 9], [3, 3], null]);
});

test("another view drops what was there", () => {
  const store = storeWith([0, [0, 1], [0, 1], 2], [0, [0, 1], [1], 2, "w"]);
  assert.deepEqual([store.frame(0), store.loadedCount(), store.nextEpochs(0)], [null, 1, [0]]);
});

test("a question asks for about three megabytes", () => {
  const asked = load(storeWith([0, range(65), [0], 176400]), range(65), 176400, 0);
  assert.deepEqual(asked.map((epochs) => epochs.length), [17, 17, 17, 13]);
});

test("the farthest frames go where not all fit", () => {
  const store = storeWith([150, range(300), [150], MEBIBYTE]);
  for (const current of [150, 299]) {
    load(store, range(300), MEBIBYTE, current);
    const kept = range(300).filter((epoch) => store.frame(epoch));
    assert.ok(kept.length <= 96);
    const near = range(300).filter((epoch) => Math.abs(epoch - current) <= 40);
    assert.deepEqual(near.filter((epoch) => !kept.includes(epoch)), []);
  }
});

test("what cannot be had is not asked for again", () => {
  const store = storeWith([0, [0, 1], [0], 2]);
  store.giveUp([0, 1]);
  assert.deepEqual([store.failure(0), store.failure(1), store.nextEpochs(1)], [null, "Epoch 1 could not be loaded.", []]);
});
