const futures = 200_000;

/** Completions that hop into a mailbox: `onAny(defer(…))` on pending futures, all completed from outside. */
export const load = {
  title: 'defer: completions that continue in the mailbox of an actor',
  contestants: {
    keelson: {
      operations: futures,
      prepare: async () => {
        const { defer, Deferred, Process, Runtime } = await import('@keelson/process');
        class Counter extends Process {
          left = 0;
          done = undefined;
          completed() {
            this.left -= 1;
            if (this.left === 0) this.done();
          }
        }
        const counter = new Counter('counter');
        new Runtime({}).spawn(counter);
        return (count) => {
          counter.left = count;
          const done = new Promise((resolve) => (counter.done = resolve));
          const promises = [];
          for (let n = 0; n < count; n += 1) {
            const promise = new Deferred();
            promise.future.onAny(defer(counter, counter.completed));
            promises.push(promise);
          }
          for (const promise of promises) promise.set(1);
          return done;
        };
      },
    },
    native: {
      operations: futures,
      prepare: async () => {
        const { Mailbox } = await import('../peers/native-mailbox.mjs');
        const counter = {
          left: 0,
          done: undefined,
          completed() {
            this.left -= 1;
            if (this.left === 0) this.done();
          },
        };
        const mailbox = new Mailbox(counter);
        return (count) => {
          counter.left = count;
          const done = new Promise((resolve) => (counter.done = resolve));
          const setters = [];
          for (let n = 0; n < count; n += 1) {
            void new Promise((resolve) => setters.push(resolve)).finally(() => mailbox.post('completed', undefined));
          }
          for (const set of setters) set(1);
          return done;
        };
      },
    },
  },
  ratios: [{ title: 'against promises and a hand-written mailbox', against: 'native' }],
};
