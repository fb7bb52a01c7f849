const messages = 1_000_000;

/**
 * How much of a flood runs, in CPU milliseconds, between setting a timer of 1 ms and its firing: the 99th of a hundred.
 *
 * Not wall time: on a machine that others use too, that would measure them.
 */
async function lateness() {
  const { post, Process, Runtime } = await import('@keelson/process');
  class Flooder extends Process {
    left = 0;
    flood() {
      this.left -= 1;
      if (this.left > 0) post(this.self, 'flood');
    }
  }
  const flooder = new Flooder('flooder');
  const pid = new Runtime({}).spawn(flooder);
  return async (count) => {
    flooder.left = Infinity;
    // Many balls in the air, so that the queue is never near its end.
    for (let n = 0; n < 1000; n += 1) post(pid, 'flood');
    const spent = [];
    for (let n = 0; n < Math.max(200, count / 2000); n += 1) {
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 1));
      const { user, system } = process.cpuUsage(before);
      spent.push((user + system) / 1000);
    }
    flooder.left = 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return spent.toSorted((a, b) => a - b)[Math.floor(spent.length * 0.99)];
  };
}

/** Fairness: a flood must not keep timers and I/O waiting for longer than a slice of the run queue's budget. */
export const load = {
  title: 'fairness: how much of a flood runs before a timer that is due (p99)',
  contestants: { keelson: { operations: messages, prepare: lateness } },
  ratios: [{ title: 'of the 1 ms it waits and a slice of 5 ms', of: 'keelson', limit: 1 + 5, atMost: 1 }],
};
