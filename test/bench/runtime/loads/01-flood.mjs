import { erlang } from '../peers/erlang.mjs';

const messages = 1_000_000;

/** A receiver that counts, and tells when the last one came. */
class Tally {
  count = 0;
  expected = 0;
  done = undefined;
  expect(count) {
    this.count = 0;
    this.expected = count;
    return new Promise((resolve) => (this.done = resolve));
  }
  note() {
    this.count += 1;
    if (this.count === this.expected) this.done();
  }
}

async function keelson() {
  const { Process, Runtime } = await import('@keelson/process');
  const tally = new Tally();
  class Counter extends Process {
    note(n) {
      tally.note(n);
    }
  }
  return { tally, pid: new Runtime({}).spawn(new Counter('counter')) };
}

/** A flood from outside: a million messages are queued in one go, then served. */
export const load = {
  title: 'flood: a million messages queued from outside, then served',
  contestants: {
    keelson: {
      operations: messages,
      prepare: async () => {
        const { post } = await import('@keelson/process');
        const { tally, pid } = await keelson();
        return (count) => {
          const done = tally.expect(count);
          for (let n = 0; n < count; n += 1) post(pid, 'note', n);
          return done;
        };
      },
    },
    'keelson, a future each': {
      operations: messages / 2,
      prepare: async () => {
        const { tally, pid } = await keelson();
        return (count) => {
          const done = tally.expect(count);
          for (let n = 0; n < count; n += 1) pid.note(n);
          return done;
        };
      },
    },
    native: {
      operations: messages,
      prepare: async () => {
        const { Mailbox } = await import('../peers/native-mailbox.mjs');
        const tally = new Tally();
        const mailbox = new Mailbox(tally);
        return (count) => {
          const done = tally.expect(count);
          for (let n = 0; n < count; n += 1) mailbox.post('note', n);
          return done;
        };
      },
    },
    'native, a promise each': {
      operations: messages / 2,
      prepare: async () => {
        const { Mailbox } = await import('../peers/native-mailbox.mjs');
        const tally = new Tally();
        const mailbox = new Mailbox(tally);
        return (count) => {
          const done = tally.expect(count);
          for (let n = 0; n < count; n += 1) mailbox.ask('note', n);
          return done;
        };
      },
    },
    xstate: {
      operations: messages,
      prepare: async () => {
        const { createActor, fromTransition } = await import('xstate');
        const tally = new Tally();
        const logic = fromTransition((state, event) => {
          tally.note(event.n);
          return state;
        }, 0);
        const actor = createActor(logic).start();
        return (count) => {
          const done = tally.expect(count);
          for (let n = 0; n < count; n += 1) actor.send({ type: 'note', n });
          return done;
        };
      },
    },
    nact: {
      operations: 30_000,
      prepare: async () => {
        const { dispatch, spawn, start } = (await import('nact')).default;
        const tally = new Tally();
        const actor = spawn(start(), (state, n) => {
          tally.note(n);
          return state;
        });
        return (count) => {
          const done = tally.expect(count);
          for (let n = 0; n < count; n += 1) dispatch(actor, n);
          return done;
        };
      },
    },
    erlang: erlang('flood', messages),
  },
  ratios: [
    { title: 'post against a hand-written mailbox', against: 'native', atLeast: { 20: 2, 24: 0.6 } },
    {
      title: 'dispatch against that mailbox with a promise for each message',
      of: 'keelson, a future each',
      against: 'native, a promise each',
      atLeast: { 20: 0.6, 24: 0.4 },
    },
    { title: "post against xstate's bare transition actor", against: 'xstate', atLeast: 4 },
    { title: 'post against nact', against: 'nact', atLeast: 50 },
    { title: 'post against Erlang', against: 'erlang', atLeast: 2 },
  ],
};
