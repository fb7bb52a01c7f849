const futures = 2_000_000;

/** A promise is made, one callback is hung on it, it is completed, and the callback runs. */
export const load = {
  title: 'callback: make a promise, hang one callback on it, complete it',
  contestants: {
    keelson: {
      operations: futures,
      prepare: async () => {
        const { Deferred } = await import('@keelson/process');
        return (count) => {
          let sum = 0;
          for (let n = 0; n < count; n += 1) {
            const deferred = new Deferred();
            deferred.future.onAny((future) => (sum += future.get()));
            deferred.set(1);
          }
          if (sum !== count) throw new Error('a callback is missing');
        };
      },
    },
    native: {
      operations: futures,
      prepare: () => async (count) => {
        let sum = 0;
        let last;
        // In batches: an await for each would measure the loop, one for all would measure the memory.
        for (let done = 0; done < count; done += 1000) {
          for (let n = 0; n < 1000; n += 1) {
            let set;
            last = new Promise((resolve) => (set = resolve)).then((value) => (sum += value));
            set(1);
          }
          await last;
        }
        if (sum < count) throw new Error('a callback is missing');
      },
    },
    rxjs: {
      operations: futures,
      prepare: async () => {
        const { AsyncSubject } = await import('rxjs');
        return (count) => {
          let sum = 0;
          for (let n = 0; n < count; n += 1) {
            const subject = new AsyncSubject();
            subject.subscribe((value) => (sum += value));
            subject.next(1);
            subject.complete();
          }
          if (sum !== count) throw new Error('a callback is missing');
        };
      },
    },
  },
  ratios: [
    { title: 'against a native promise', against: 'native', atLeast: 1.5 },
    { title: 'against AsyncSubject', against: 'rxjs' },
  ],
};
