const hops = 1000;
const chains = 2000;
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

/** One hop of a chain of futures, settled and deep. */
export const load = {
  title: 'then: a hop in a chain of a thousand; a chain of a million on the default stack',
  contestants: {
    keelson: { operations: hops * chains, prepare: () => keelsonChain(hops) },
    native: { operations: hops * chains, prepare: () => nativeChain(hops) },
    rxjs: {
      operations: hops * 20,
      prepare: async () => {
        const { map, Subject } = await import('rxjs');
        return (count) => {
          for (let done = 0; done < count; done += hops) {
            const subject = new Subject();
            let end = subject;
            for (let n = 0; n < hops; n += 1) end = end.pipe(map(increment));
            let answer;
            end.subscribe((value) => (answer = value));
            subject.next(0);
            if (answer !== hops) throw new Error('the chain is broken');
          }
        };
      },
    },
    'keelson, a million deep': { operations: deep, prepare: () => keelsonChain(deep) },
    'native, a million deep': { operations: deep, prepare: () => nativeChain(deep) },
  },
  ratios: [
    { title: 'against a native promise', against: 'native', atLeast: 0.9 },
    { title: 'against rxjs pipe(map)', against: 'rxjs', atLeast: 30 },
    {
      title: 'a million deep, against native',
      of: 'keelson, a million deep',
      against: 'native, a million deep',
    },
  ],
};
