// When a playing epoch player shows which epoch, by a clock of our own.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createClock } from "../../dashboard/components/player/clock.js";

/**
 * Presses Play `phase` milliseconds after a frame began; frames begin every `period`, and drawing takes `cost`.
 * Gives [epoch, time since the press] as pictures come, in order.
 */
function play(context, { count, speed, period, phase, cost = 0, ready = () => true }) {
  let callback = null;
  let time = phase;
  let index = 0;
  const shown = [];
  globalThis.requestAnimationFrame = (act) => {
    callback = act;
    return 1;
  };
  globalThis.cancelAnimationFrame = () => (callback = null);
  context.mock.method(performance, "now", () => time);
  const player = createClock({
    index: () => index,
    count: () => count,
    ready: (at) => ready(at, time - phase),
    move(to) {
      index = to;
      time += cost;
      shown.push([to, time - phase]);
    },
    changed() {},
  });
  player.setSpeed(speed);
  player.toggle();
  for (let frame = 1; callback && frame < 10_000; frame++) {
    time = frame * period;
    const act = callback;
    callback = null;
    act(time);
  }
  return shown;
}

const upTo = (count) => Array.from({ length: count - 1 }, (_, index) => index + 1);
const epochsOf = (shown) => shown.map(([epoch]) => epoch);

test("each epoch comes with the frame nearest to its time", (context) => {
  for (const rate of [60, 120]) {
    for (const share of [0.05, 0.4, 0.6, 0.95]) {
      for (const speed of [5, 10, 20]) {
        for (const cost of [0, 6]) {
          const period = 1000 / rate;
          const shown = play(context, { count: 65, speed, period, phase: share * period, cost });
          assert.deepEqual(epochsOf(shown), upTo(65));
          // The first ticks know neither the period of the screen nor how long drawing takes.
          for (const [epoch, since] of shown.slice(2)) {
            const late = Math.abs(since - (epoch * 1000) / speed);
            assert.ok(late <= period / 2 + 1e-6, `${rate} ${share} ${speed} ${cost}: epoch ${epoch} by ${late}`);
          }
        }
      }
    }
  }
});

test("no epoch is left out while frames keep the pace", (context) => {
  assert.deepEqual(epochsOf(play(context, { count: 65, speed: 60, period: 1000 / 60, phase: 3 })), upTo(65));
});

test("a frame that is late is waited for, and nothing is skipped for it", (context) => {
  const ready = (at, since) => at < 10 || since > 3000;
  const shown = play(context, { count: 30, speed: 10, period: 1000 / 60, phase: 3, ready });
  assert.deepEqual(epochsOf(shown), upTo(30));
  const times = new Map(shown);
  assert.ok(times.get(9) < 950);
  assert.ok(times.get(10) > 3000 && times.get(10) < 3050);
  assert.ok(Math.abs(times.get(29) - times.get(10) - 1900) <= 20);
});
