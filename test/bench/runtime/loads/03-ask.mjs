import { erlang } from '../peers/erlang.mjs';

const requests = 300_000;

/** Ask another actor, go on with its answer in one's own mailbox, and only then ask again. */
export const load = {
  title: 'ask: request, answer, and the next request from the continuation',
  contestants: {
    keelson: {
      operations: requests,
      prepare: async () => {
        const { defer, Process, Runtime } = await import('@keelson/process');
        class Server extends Process {
          add(n) {
            return n + 1;
          }
        }
        class Client extends Process {
          left = 0;
          done = undefined;
          constructor(server) {
            super('client');
            this.server = server;
          }
          run(count) {
            this.left = count;
            this.#ask(0);
            return undefined;
          }
          #ask(n) {
            if (this.left === 0) return this.done();
            this.left -= 1;
            this.server.add(n).then(defer(this, this.#ask));
            return undefined;
          }
        }
        const runtime = new Runtime({});
        const client = new Client(runtime.spawn(new Server('server')));
        const pid = runtime.spawn(client);
        return (count) => {
          const done = new Promise((resolve) => (client.done = resolve));
          pid.run(count);
          return done;
        };
      },
    },
    native: {
      operations: requests,
      prepare: async () => {
        const { Mailbox } = await import('../peers/native-mailbox.mjs');
        const server = new Mailbox({ add: (n) => n + 1 });
        const client = {
          run: async (count) => {
            for (let n = 0; n < count; n += 1) await server.ask('add', n);
          },
        };
        const mailbox = new Mailbox(client);
        return (count) => mailbox.ask('run', count);
      },
    },
    'native, back through the mailbox': {
      operations: requests,
      prepare: async () => {
        const { Mailbox } = await import('../peers/native-mailbox.mjs');
        const server = new Mailbox({ add: (n) => n + 1 });
        const client = {
          left: 0,
          done: undefined,
          step(n) {
            if (this.left === 0) return this.done();
            this.left -= 1;
            server.ask('add', n).then((m) => mailbox.post('step', m));
            return undefined;
          },
        };
        const mailbox = new Mailbox(client);
        return (count) => {
          client.left = count;
          const done = new Promise((resolve) => (client.done = resolve));
          mailbox.post('step', 0);
          return done;
        };
      },
    },
    nact: {
      operations: 5_000,
      prepare: async () => {
        const { dispatch, query, spawnStateless, start } = (await import('nact')).default;
        const server = spawnStateless(start(), ({ n, sender }) => dispatch(sender, n + 1));
        return async (count) => {
          for (let n = 0; n < count; n += 1) await query(server, (sender) => ({ n, sender }), 10_000);
        };
      },
    },
    erlang: erlang('ask', requests),
  },
  ratios: [
    { title: 'against a native await of a hand-written mailbox', against: 'native', atLeast: { 20: 0.8, 24: 0.6 } },
    {
      title: 'against the same with the answer sent through the mailbox',
      against: 'native, back through the mailbox',
    },
    { title: "against nact's query", against: 'nact', atLeast: 15 },
    { title: 'against Erlang, with a reference', against: 'erlang', atLeast: 1.3 },
  ],
};
