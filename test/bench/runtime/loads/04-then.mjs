const hops = 1000;
const chains = 2000;
/** As deep as rxjs can go where every hop is shared: at a thousand it overflows the stack. */
const sharedHops = 500;
const deep = 1_000_000;
const increment = (n) => n + 1;

/** Builds chains of `length` hops on something pending, completes it, and checks what came out. */
async function keelsonChain(length) {
  const { Deferred } = await import('@keelson/process');
  return (count) => {
    for (let done = 0; done < count; done += Math.min(length, count)) {
      const deferred = new Deferred();
      let end = deferred.future;
      for (let n = 0; n < length; n += 1) end = end.then(increment);
      deferred.set(0);
      if (end.get() !== length) throw new Error('the chain is broken');
    }
  };
}

async function nativeChain(length) {
  return async (count) => {
    for (let done = 0; done < count; done += Math.min(length, count)) {
      let set;
      let end = new Promise((resolve) => (set = resolve));
      for (let n = 0; n < length; n += 1) end = end.then(increment);
      set(0);
      if ((await end) !== length) throw new Error('the chain is broken');
    }
  };
}

/** Builds chains of `length` operators on an observable that is yet to emit; `operators` makes those of one hop. */
async function rxjsChain(length, operators) {
  const { AsyncSubject, ...rxjs } = await import('rxjs');
  return (count) => {
    for (let done = 0; done < count; done += length) {
      const source = new AsyncSubject();
      let end = source;
      for (let n = 0; n < length; n += 1) end = end.pipe(...operators(rxjs));
      let answer;
      end.subscribe((value) => (answer = value));
      source.next(0);
      source.complete();
      if (answer !== length) throw new Error('the chain is broken');
    }
  };
}

/** One hop of a chain of futures, settled and deep. */
export const load = {
  title: 'then: a hop in a chain of a thousand; a chain of a million on the default stack',
  contestants: {
    keelson: { operations: hops * chains, prepare: () => keelsonChain(hops) },
    native: { operations: hops * chains, prepare: () => nativeChain(hops) },
    'keelson, five hundred': { operations: sharedHops * chains * 2, prepare: () => keelsonChain(sharedHops) },
    'rxjs, shared': {
      operations: sharedHops * 40,
      prepare: () => rxjsChain(sharedHops, ({ map, shareReplay }) => [map(increment), shareReplay(1)]),
    },
    'rxjs, a recipe': {
      operations: hops * 20,
      prepare: () => rxjsChain(hops, ({ map }) => [map(increment)]),
    },
    'keelson, a million deep': { operations: deep, prepare: () => keelsonChain(deep) },
    'native, a million deep': { operations: deep, prepare: () => nativeChain(deep) },
  },
  ratios: [
    { title: 'against a native promise', against: 'native', atLeast: 0.9 },
    {
      title: 'against rxjs pipe(map, shareReplay(1)): run once, kept for all',
      of: 'keelson, five hundred',
      against: 'rxjs, shared',
      atLeast: 30,
    },
    { title: 'against rxjs pipe(map): a recipe, run anew for each subscriber', against: 'rxjs, a recipe' },
    {
      title: 'a million deep, against native',
      of: 'keelson, a million deep',
      against: 'native, a million deep',
    },
  ],
};
