const many = 100_000;
const few = 1000;

/**
 * Gathers `many` pending futures in groups of `width`, completing them from the last to the first.
 *
 * All inputs are alive at once whatever the width, so that widths differ in the gathering alone, not in what fits a cache.
 */
async function keelson(width) {
  const { collect, Deferred } = await import('@keelson/process');
  return async (count) => {
    for (let done = 0; done < count; done += many) {
      const inputs = [];
      const groups = [];
      for (let from = 0; from < many; from += width) {
        const futures = [];
        for (let n = 0; n < width; n += 1) {
          const input = new Deferred();
          inputs.push(input);
          futures.push(input.future);
        }
        groups.push(collect(futures));
      }
      for (let n = many - 1; n >= 0; n -= 1) inputs[n].set(n);
      const last = groups.at(-1).get();
      if (last[width - 1] !== many - 1) throw new Error('a value is missing');
    }
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
    'keelson, a thousand': { operations: many * 3, prepare: () => keelson(few) },
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
    { title: 'for each input, against the same inputs a thousand at a time', against: 'keelson, a thousand', atMost: 2 },
    { title: 'against forkJoin, of 20,000', against: 'rxjs' },
  ],
};
