// What a component does with the calls of Streamlit.

import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../dashboard/components/shared/mount.js";

/** The bytes that `pack` makes of {"n": n} without arrays. */
function bytes(n) {
  const text = new TextEncoder().encode(JSON.stringify({ n, arrays: {} }));
  const data = new Uint8Array(4 + text.length);
  new DataView(data.buffer).setUint32(0, text.length, true);
  data.set(text, 4);
  return data;
}

function recorder() {
  const record = [];
  const parentElement = { isConnected: true };
  const call = (data) =>
    mount({ parentElement, data, setStateValue() {} }, () => {
      record.push("made");
      return { receive: ({ header }) => record.push(header.n), dispose: () => record.push("gone") };
    });
  return { record, parentElement, call };
}

test("a view is made once and is given what is new", () => {
  const { record, call } = recorder();
  const first = bytes(1);
  call(first);
  call(first);
  call(bytes(2));
  assert.deepEqual(record, ["made", 1, 2]);
});

test("a view stays when newer data overtook a call, and goes with its place", () => {
  const { record, parentElement, call } = recorder();
  const leave = call(bytes(1));
  leave();
  assert.deepEqual(record, ["made", 1]);
  parentElement.isConnected = false;
  leave();
  assert.deepEqual(record, ["made", 1, "gone"]);
  assert.equal(parentElement.view, undefined);
});
