const crowd = 100_000;
const group = 1000;

/**
 * Queues `crowd` waiters behind the writers of locks with `width` waiters each, four readers to a writer, then lets the
 * queues run off. All waiters are alive at once whatever the width: only the length of a queue differs.
 */
async function keelson(width) {
  const { ReadWriteLock } = await import('@keelson/process');
  return (count) => {
    let served = 0;
    for (let done = 0; done < count; done += crowd) {
      const held = [];
      for (let queued = 0; queued < crowd; queued += width) {
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

/** A lock with a long queue: the cost of a waiter must not depend on how many there are. */
export const load = {
  title: 'lock, queued: a hundred thousand waiters, four readers to a writer',
  contestants: {
    keelson: { operations: crowd, prepare: () => keelson(crowd) },
    'keelson, a thousand': { operations: crowd, prepare: () => keelson(group) },
    'npm rwlock': {
      operations: 10_000,
      prepare: async () => {
        const { default: ReadWriteLock } = await import('rwlock');
        return (count) =>
          new Promise((resolve) => {
            let served = 0;
            const lock = new ReadWriteLock();
            // Its grants recurse: a release on the stack of a grant would overflow it.
            const serve = (release) => {
              served += 1;
              setImmediate(release);
              if (served === count) resolve();
            };
            lock.writeLock((release) => {
              for (let n = 0; n < count; n += 1) {
                if (n % 5 === 0) lock.writeLock(serve);
                else lock.readLock(serve);
              }
              setImmediate(release);
            });
          });
      },
    },
    'async-mutex': {
      operations: 10_000,
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
    { title: 'against npm rwlock, of 10,000', against: 'npm rwlock', atLeast: 4 },
    { title: "against async-mutex's own queue, of 10,000", against: 'async-mutex', atLeast: 4 },
  ],
};
