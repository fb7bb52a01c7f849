/** Resident bytes for each of `count` objects that `make` answers, kept alive, after the collector has run. */
function resident(make) {
  return (count) => {
    // What is loaded and compiled on first use is nobody's object.
    const warm = Array.from({ length: 1000 }, (_, n) => make(n));
    const kept = Array.from({ length: count });
    globalThis.gc();
    const before = process.memoryUsage.rss();
    for (let n = 0; n < count; n += 1) kept[n] = make(n);
    globalThis.gc();
    const after = process.memoryUsage.rss();
    if (kept.length + warm.length < count) throw new Error('they must stay alive until here');
    return (after - before) / count;
  };
}

/** A runtime, and a function that grows it by `count` processes that have been initialized and wait for nothing. */
async function nursery() {
  const { Process, Runtime, VirtualClock } = await import('@keelson/process');
  class Idle extends Process {
    ping() {}
  }
  const runtime = new Runtime({ clock: new VirtualClock() });
  const grow = (count) => {
    const before = process.memoryUsage.rss();
    for (let n = 1; n <= count; n += 1) {
      runtime.spawn(new Idle('idle'));
      if (n % 1000 === 0) runtime.settle();
    }
    runtime.settle();
    globalThis.gc();
    return process.memoryUsage.rss() - before;
  };
  return { runtime, grow };
}

const megabyte = 1024 * 1024;

/** What one of them costs in resident memory, each sample in a fresh process. */
export const load = {
  title: 'memory: resident bytes for each object',
  contestants: {
    'idle process': {
      operations: 1_000_000,
      fresh: true,
      prepare: async () => {
        const { runtime, grow } = await nursery();
        return (count) => {
          // As many before pay for the heap's young generation: that grows while most survive it, and then no further.
          grow(count);
          const bytes = grow(count) / count;
          if (runtime.processes().length < 2 * count) throw new Error('they must stay alive until here');
          return bytes;
        };
      },
    },
    'a million processes': {
      operations: 1_000_000,
      fresh: true,
      prepare: async () => {
        const { runtime, grow } = await nursery();
        return (count) => {
          const bytes = grow(count);
          if (runtime.processes().length < count) throw new Error('they must stay alive until here');
          return bytes;
        };
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
    { title: 'one more idle process, of 220 bytes', of: 'idle process', limit: 220, atMost: 1 },
    { title: 'a million processes, of 300 MB', of: 'a million processes', limit: 300 * megabyte, atMost: 1 },
    { title: 'pending future, of a native promise with resolvers', of: 'future', against: 'native promise', atMost: 1 },
    { title: "one more idle process, against xstate's transition actor", of: 'idle process', against: 'xstate' },
  ],
};
