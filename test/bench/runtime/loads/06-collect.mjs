const many = 100_000;
const few = 1000;

/** Gathers `many` pending futures in groups of `width`, completing them from the last to the first. */
async function keelson(width) {
  const { collect, Deferred } = await import('@keelson/process');
  return async (count) => {
    for (let done = 0; done < count; done += width) {
      const inputs = Array.from({ length: width }, () => new Deferred());
      const all = collect(inputs.map(({ future }) => future));
      for (let n = width - 1; n >= 0; n -= 1) inputs[n].set(n);
      if (all.get()[width - 1] !== width - 1) throw new Error('a value is missing');
    }
  };
}

/**
 * What the gathering alone costs for each of `many` futures, in groups of `width`: all of them are made before, and alive
 * until after, whatever the width. Answers CPU nanoseconds for each.
 */
async function gathering(width) {
  const { collect, Deferred } = await import('@keelson/process');
  return (count) => {
    let usedNs = 0;
    for (let done = 0; done < count; done += many) {
      const inputs = Array.from({ length: many }, () => new Deferred());
      const futures = inputs.map(({ future }) => future);
      const before = process.cpuUsage();
      const groups = [];
      for (let from = 0; from < many; from += width) groups.push(collect(futures.slice(from, from + width)));
      for (let n = many - 1; n >= 0; n -= 1) inputs[n].set(n);
      const { user, system } = process.cpuUsage(before);
      usedNs += (user + system) * 1_000;
      if (groups.at(-1).get()[width - 1] !== many - 1) throw new Error('a value is missing');
    }
    return usedNs / count;
  };
}

async function native(width) {
  return async (count) => {
    for (let done = 0; done < count; done += width) {
      const resolvers = [];
      const all = Promise.all(Array.from({ length: width }, () => new Promise((resolve) => resolvers.push(resolve))));
      for (let n = width - 1; n >= 0; n -= 1) resolvers[n](n);
      if ((await all)[width - 1] !== width - 1) throw new Error('a value is missing');
    }
  };
}

/** Waiting for many futures at once. */
export const load = {
  title: 'collect: a hundred thousand futures at once',
  contestants: {
    keelson: { operations: many * 3, prepare: () => keelson(many) },
    'gathering, all at once': { operations: many * 5, prepare: () => gathering(many) },
    'gathering, a thousand at a time': { operations: many * 5, prepare: () => gathering(few) },
    native: { operations: many * 3, prepare: () => native(many) },
    rxjs: {
      operations: 20_000,
      prepare: async () => {
        const { AsyncSubject, forkJoin, lastValueFrom } = await import('rxjs');
        return async (count) => {
          const inputs = Array.from({ length: count }, () => new AsyncSubject());
          const all = lastValueFrom(forkJoin(inputs));
          for (let n = count - 1; n >= 0; n -= 1) {
            inputs[n].next(n);
            inputs[n].complete();
          }
          if ((await all)[count - 1] !== count - 1) throw new Error('a value is missing');
        };
      },
    },
  },
  ratios: [
    { title: 'against Promise.all', against: 'native', atLeast: 1.3 },
    {
      title: 'for each input, against the same inputs a thousand at a time',
      of: 'gathering, all at once',
      against: 'gathering, a thousand at a time',
      atMost: 2,
    },
    { title: 'against forkJoin, of 20,000', against: 'rxjs' },
  ],
};
