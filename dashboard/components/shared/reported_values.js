// @ts-check
// A script that runs later than the person acts sends back what it was told some time ago. That is no news.

/** Tells what Python wants from an echo of what was reported to it. Values are JSON. */
export function createReportedValues() {
  let received;
  let pending = [];
  return {
    /** Takes note of what is being reported. */
    add: (value) => pending.push(JSON.stringify(value)),
    /** Whether a value that Python sends is neither what it sent before nor an echo: then it is to be shown. */
    isNews(value) {
      const text = JSON.stringify(value);
      if (text === received) return false;
      received = text;
      const echoed = pending.indexOf(text);
      // Reports are taken in order, and some are passed over.
      pending = echoed < 0 ? [] : pending.slice(echoed + 1);
      return echoed < 0;
    },
  };
}
