const crowd = 100_000;
const group = 1000;
/** What the peers can take; their cost for each depends on how many there are. */
const some = 10_000;

/**
 * Queues `crowd` waiters behind the writers of locks with `width` waiters each, four readers to a writer, then lets the
 * queues run off. All waiters are alive at once whatever the width: only the length of a queue differs.
 */
async function keelson(width, alive = crowd) {
  const { ReadWriteLock } = await import('@keelson/process');
  return (count) => {
    let served = 0;
    for (let done = 0; done < count; done += alive) {
      const held = [];
      for (let queued = 0; queued < alive; queued += width) {
        const lock = new ReadWriteLock();
        held.push(lock.writeLock().get());
        for (let n = 0; n < width; n += 1) {
          const granted = n % 5 === 0 ? lock.writeLock() : lock.readLock();
          granted.onReady((lease) => {
            served += 1;
            lease.release();
          });
        }
      }
      for (const lease of held) lease.release();
    }
    if (served < count) throw new Error('a waiter was forgotten');
  };
}

/** The same with npm's `rwlock`. Its grants recurse, so each release has to leave the stack of its grant: by `later`. */
async function rwlock(later) {
  const { default: ReadWriteLock } = await import('rwlock');
  const round = () =>
    new Promise((resolve) => {
      let served = 0;
      const lock = new ReadWriteLock();
      const serve = (release) => {
        served += 1;
        later(release);
        if (served === some) resolve();
      };
      lock.writeLock((release) => {
        for (let n = 0; n < some; n += 1) {
          if (n % 5 === 0) lock.writeLock(serve);
          else lock.readLock(serve);
        }
        later(release);
      });
    });
  return async (count) => {
    for (let done = 0; done < count; done += some) await round();
  };
}

/** A lock with a long queue: the cost of a waiter must not depend on how many there are. */
export const load = {
  title: 'lock, queued: a hundred thousand waiters, four readers to a writer',
  contestants: {
    keelson: { operations: crowd, prepare: () => keelson(crowd) },
    'keelson, a thousand': { operations: crowd, prepare: () => keelson(group) },
    'keelson, ten thousand': { operations: crowd, prepare: () => keelson(some, some) },
    'npm rwlock, microtasks': { operations: some * 5, prepare: () => rwlock((f) => void Promise.resolve().then(f)) },
    'npm rwlock, setImmediate': { operations: some * 2, prepare: () => rwlock((f) => void setImmediate(f)) },
    'async-mutex': {
      operations: some,
      prepare: async () => {
        const { Mutex } = await import('async-mutex');
        return async (count) => {
          const mutex = new Mutex();
          const held = await mutex.acquire();
          const waiters = Array.from({ length: count }, () => mutex.runExclusive(() => undefined));
          held();
          await Promise.all(waiters);
        };
      },
    },
  },
  ratios: [
    { title: 'for each waiter, against locks with a thousand waiters each', against: 'keelson, a thousand', atMost: 2 },
    {
      title: 'ten thousand, against npm rwlock released in microtasks',
      of: 'keelson, ten thousand',
      against: 'npm rwlock, microtasks',
      atLeast: 1,
    },
    {
      title: 'ten thousand, against npm rwlock released by setImmediate',
      of: 'keelson, ten thousand',
      against: 'npm rwlock, setImmediate',
      atLeast: 4,
    },
    {
      title: "ten thousand, against async-mutex's own queue",
      of: 'keelson, ten thousand',
      against: 'async-mutex',
      atLeast: 4,
    },
  ],
};
