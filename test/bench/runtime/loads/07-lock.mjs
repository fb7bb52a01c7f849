import { erlang } from '../peers/erlang.mjs';

const pairs = 1_500_000;

async function keelsonPairs(method) {
  const { ReadWriteLock } = await import('@keelson/process');
  const lock = new ReadWriteLock();
  return (count) => {
    for (let n = 0; n < count; n += 1) lock[method]().onReady((lease) => lease.release());
  };
}

async function rwlockPairs(method) {
  const { default: ReadWriteLock } = await import('rwlock');
  const lock = new ReadWriteLock();
  return (count) => {
    for (let n = 0; n < count; n += 1) lock[method]((release) => release());
  };
}

/** A lock nobody else wants: taken and given back. */
export const load = {
  title: 'lock: taken and released while nobody else wants it',
  contestants: {
    keelson: { operations: pairs, prepare: () => keelsonPairs('writeLock') },
    'keelson, reading': { operations: pairs, prepare: () => keelsonPairs('readLock') },
    'npm rwlock': { operations: pairs, prepare: () => rwlockPairs('writeLock') },
    'npm rwlock, reading': { operations: pairs, prepare: () => rwlockPairs('readLock') },
    'keelson mutex': {
      operations: pairs,
      prepare: async () => {
        const { Mutex } = await import('@keelson/process');
        const mutex = new Mutex();
        return (count) => {
          for (let n = 0; n < count; n += 1) mutex.lock().onReady((lease) => lease.release());
        };
      },
    },
    'async-mutex': {
      operations: pairs / 15,
      prepare: async () => {
        const { Mutex } = await import('async-mutex');
        const mutex = new Mutex();
        return async (count) => {
          for (let n = 0; n < count; n += 1) (await mutex.acquire())();
        };
      },
    },
    erlang: erlang('lock', pairs / 3),
  },
  ratios: [
    { title: 'writing, against npm rwlock', against: 'npm rwlock', atLeast: 0.8 },
    { title: 'reading, against npm rwlock', of: 'keelson, reading', against: 'npm rwlock, reading', atLeast: 0.8 },
    { title: 'mutex, against async-mutex', of: 'keelson mutex', against: 'async-mutex', atLeast: 1 },
    { title: 'writing, against a lock process in Erlang', against: 'erlang', atLeast: 4 },
  ],
};
