const messages = 1_000_000;

/** How late, in milliseconds, the 99th of a hundred timers of 1 ms is while a process asks itself without end. */
async function lateness(flood) {
  const { Process, Runtime } = await import('@keelson/process');
  class Flooder extends Process {
    left = 0;
    flood() {
      this.left -= 1;
      if (this.left > 0) this.self.flood();
    }
  }
  const runtime = new Runtime({});
  const flooder = new Flooder('flooder');
  const pid = runtime.spawn(flooder);
  return async (count) => {
    flooder.left = flood ? Infinity : 0;
    if (flood) pid.flood();
    const late = [];
    const rounds = Math.max(200, count / 2000);
    for (let n = 0; n < rounds; n += 1) {
      const start = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 1));
      late.push(performance.now() - start - 1);
    }
    flooder.left = 0;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return late.toSorted((a, b) => a - b)[Math.floor(late.length * 0.99)];
  };
}

/** Fairness: a flood must not keep timers and I/O waiting for longer than a slice of the run queue's budget. */
export const load = {
  title: 'fairness: how late timers are during a flood (p99)',
  contestants: {
    keelson: { operations: messages, prepare: () => lateness(true) },
    idle: { operations: messages, prepare: () => lateness(false) },
  },
  ratios: [
    { title: 'of a 5 ms slice and one turn of the event loop', of: 'keelson', limit: 5 + 1, atMost: 1 },
    { title: 'of an idle runtime on the same machine', of: 'keelson', against: 'idle', atMost: 10 },
  ],
};
