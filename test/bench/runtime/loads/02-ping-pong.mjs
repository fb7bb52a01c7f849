import { erlang } from '../peers/erlang.mjs';

const messages = 1_000_000;

/** Keeps count of one rally and tells when it is over. */
class Rally {
  left = 0;
  done = undefined;
  start(count) {
    this.left = count;
    return new Promise((resolve) => (this.done = resolve));
  }
  over() {
    this.left -= 1;
    if (this.left > 0) return false;
    this.done();
    return true;
  }
}

/** Two actors of Keelson; `hit` sends the ball to a pid. */
async function keelson(hit) {
  const { Process, Runtime } = await import('@keelson/process');
  const rally = new Rally();
  class Player extends Process {
    opponent = undefined;
    ball(n) {
      if (!rally.over()) hit(this.opponent, n + 1);
    }
  }
  const runtime = new Runtime({});
  const players = [new Player('player'), new Player('player')];
  const [first, second] = players.map((player) => runtime.spawn(player));
  players[0].opponent = second;
  players[1].opponent = first;
  return (count) => {
    const done = rally.start(count);
    hit(first, 0);
    return done;
  };
}

/** Two hand-written mailboxes; `send` is `post` or `ask`. */
async function native(send) {
  const { Mailbox } = await import('../peers/native-mailbox.mjs');
  const rally = new Rally();
  class Player {
    opponent = undefined;
    ball(n) {
      if (!rally.over()) this.opponent[send]('ball', n + 1);
    }
  }
  const players = [new Player(), new Player()];
  const [first, second] = players.map((player) => new Mailbox(player));
  players[0].opponent = second;
  players[1].opponent = first;
  return (count) => {
    const done = rally.start(count);
    first[send]('ball', 0);
    return done;
  };
}

/** One ball between two actors: every message is alone in its mailbox, so nothing is amortised. */
export const load = {
  title: 'ping-pong: one message between two actors',
  contestants: {
    keelson: {
      operations: messages,
      prepare: async () => {
        const { post } = await import('@keelson/process');
        return keelson((pid, n) => post(pid, 'ball', n));
      },
    },
    'keelson, a future each': { operations: messages, prepare: () => keelson((pid, n) => pid.ball(n)) },
    native: { operations: messages, prepare: () => native('post') },
    'native, a promise each': { operations: messages, prepare: () => native('ask') },
    nact: {
      operations: 20_000,
      prepare: async () => {
        const { dispatch, spawn, start } = (await import('nact')).default;
        const rally = new Rally();
        const system = start();
        const players = [];
        for (const opponent of [1, 0]) {
          players.push(
            spawn(system, (state, n) => {
              if (!rally.over()) dispatch(players[opponent], n + 1);
              return state;
            }),
          );
        }
        return (count) => {
          const done = rally.start(count);
          dispatch(players[0], 0);
          return done;
        };
      },
    },
    erlang: erlang('ping-pong', messages / 2),
  },
  ratios: [
    { title: 'post against hand-written mailboxes', against: 'native', atLeast: { 20: 0.8, 24: 0.6 } },
    {
      title: 'dispatch against mailboxes with a promise for each message',
      of: 'keelson, a future each',
      against: 'native, a promise each',
      atLeast: { 20: 0.8, 24: 0.6 },
    },
    { title: 'post against nact', against: 'nact', atLeast: 15 },
    { title: 'post against Erlang', against: 'erlang', atLeast: 1.5 },
  ],
};
