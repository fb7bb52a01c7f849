/** Resident bytes for each of `count` objects that `make` answers, kept alive, after the collector has run. */
function resident(make) {
  return (count) => {
    // What is loaded and compiled on first use is nobody's object.
    const warm = Array.from({ length: 1000 }, (_, n) => make(n));
    const kept = new Array(count).fill(undefined);
    globalThis.gc();
    const before = process.memoryUsage.rss();
    for (let n = 0; n < count; n += 1) kept[n] = make(n);
    globalThis.gc();
    const after = process.memoryUsage.rss();
    if (kept.length + warm.length < count) throw new Error('they must stay alive until here');
    return (after - before) / count;
  };
}

/** Spawns `count` processes that have been initialized and wait for nothing. */
async function idleProcesses() {
  const { Process, Runtime, VirtualClock } = await import('@keelson/process');
  class Idle extends Process {
    ping() {}
  }
  return (count) => {
    const runtime = new Runtime({ clock: new VirtualClock() });
    for (let n = 0; n < 1000; n += 1) runtime.spawn(new Idle('warm'));
    runtime.settle();
    globalThis.gc();
    const before = process.memoryUsage.rss();
    for (let n = 0; n < count; n += 1) runtime.spawn(new Idle('idle'));
    runtime.settle();
    globalThis.gc();
    const after = process.memoryUsage.rss();
    if (runtime.processes().length < count) throw new Error('they must stay alive until here');
    return (after - before) / count;
  };
}

const megabyte = 1024 * 1024;

/** What one of them costs in resident memory, each sample in a fresh process. */
export const load = {
  title: 'memory: resident bytes for each object',
  contestants: {
    'idle process': { operations: 100_000, fresh: true, prepare: idleProcesses },
    'a million processes': {
      operations: 1_000_000,
      fresh: true,
      prepare: async () => {
        const measure = await idleProcesses();
        return (count) => measure(count) * count;
      },
    },
    future: {
      operations: 500_000,
      fresh: true,
      prepare: async () => {
        const { Deferred } = await import('@keelson/process');
        return resident(() => new Deferred());
      },
    },
    'native promise': {
      operations: 500_000,
      fresh: true,
      prepare: () =>
        resident(() => {
          const resolvers = { promise: undefined, resolve: undefined, reject: undefined };
          resolvers.promise = new Promise((resolve, reject) => {
            resolvers.resolve = resolve;
            resolvers.reject = reject;
          });
          return resolvers;
        }),
    },
    xstate: {
      operations: 20_000,
      fresh: true,
      prepare: async () => {
        const { createActor, fromTransition } = await import('xstate');
        const logic = fromTransition((state) => state, 0);
        return resident(() => createActor(logic).start());
      },
    },
  },
  ratios: [
    { title: 'idle process, of 220 bytes', of: 'idle process', limit: 220, atMost: 1 },
    { title: 'a million processes, of 300 MB', of: 'a million processes', limit: 300 * megabyte, atMost: 1 },
    { title: 'pending future, of a native promise with resolvers', of: 'future', against: 'native promise', atMost: 1 },
    { title: "idle process, of xstate's transition actor", of: 'idle process', against: 'xstate', atMost: 1 / 12 },
  ],
};
