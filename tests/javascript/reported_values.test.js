// What Python sends back of what was reported to it is no news.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createReportedValues } from "../../dashboard/components/shared/reported_values.js";

const CASES = {
  "Python's own value counts at first, and whenever it is another one": [
    [["get", null], ["get", null], ["get", 3]],
    [true, false, true],
  ],
  "what comes back late is no news, and neither is the value from before it": [
    [["get", 1], ["add", 2], ["get", 1], ["get", 2]],
    [true, false, false],
  ],
  "of two reports the first comes back while the second already stands": [
    [["get", 0], ["add", 1], ["add", 2], ["get", 1], ["get", 2]],
    [true, false, false],
  ],
  "once all came back, an older value is a wish again": [
    [["get", 0], ["add", 1], ["add", 2], ["get", 2], ["get", 1]],
    [true, false, true],
  ],
  "values are compared by content": [
    [["get", [1, 2]], ["add", [2]], ["get", [1, 2]], ["get", [2]]],
    [true, false, false],
  ],
};

for (const [name, [steps, expected]] of Object.entries(CASES)) {
  test(name, () => {
    const values = createReportedValues();
    const found = [];
    for (const [act, value] of steps) {
      if (act === "add") values.add(value);
      else found.push(values.isNews(value));
    }
    assert.deepEqual(found, expected);
  });
}
