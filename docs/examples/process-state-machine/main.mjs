/**
 * A statechart inside a process: the machine says what may happen, the process says when.
 *
 *     node docs/examples/process-state-machine/main.mjs
 *
 * The mailbox already takes one request at a time, so the machine needs no queue of its own: it is the process's state,
 * moved by its requests, and it can be drawn as it stands. Continuations come back through `defer`, as another event.
 */
import { after, defer, Process, Runtime, VirtualClock } from '@keelson/process';
import { assign, createActor, setup } from 'xstate';

const downloadMachine = setup({
  guards: { mayRetry: ({ context }) => context.attempts < 3 },
  actions: { count: assign({ attempts: ({ context }) => context.attempts + 1 }) },
}).createMachine({
  id: 'download',
  context: { attempts: 0 },
  initial: 'idle',
  states: {
    idle: { on: { START: 'downloading' } },
    downloading: {
      entry: 'count',
      on: { DONE: 'complete', ERROR: [{ guard: 'mayRetry', target: 'waiting' }, { target: 'failed' }] },
    },
    waiting: { on: { RETRY: 'downloading' } },
    complete: { type: 'final' },
    failed: { type: 'final' },
  },
});

class Download extends Process {
  #machine = createActor(downloadMachine);
  #fetch;
  #runtime;

  constructor(fetch, runtime) {
    super('download');
    this.#fetch = fetch;
    this.#runtime = runtime;
  }

  initialize() {
    this.#machine.subscribe(({ value, context }) => console.log(`${value}, attempt ${context.attempts}`));
    this.#machine.start();
  }

  finalize() {
    this.#machine.stop();
  }

  start() {
    this.#machine.send({ type: 'START' });
    this.#attempt();
  }

  state() {
    return this.#machine.getSnapshot().value;
  }

  #attempt() {
    this.#fetch().onAny(defer(this, this.#attempted));
  }

  #attempted(attempt) {
    this.#machine.send({ type: attempt.isReady() ? 'DONE' : 'ERROR' });
    if (this.state() === 'waiting') after(1000, { runtime: this.#runtime }).onReady(defer(this, this.#retry));
  }

  #retry() {
    this.#machine.send({ type: 'RETRY' });
    this.#attempt();
  }
}

const clock = new VirtualClock();
const runtime = new Runtime({ clock });

let calls = 0;
/** A server that is down twice, then answers. */
const fetch = () =>
  after(100, { runtime }).then(() => {
    calls += 1;
    if (calls < 3) throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    return 'bytes';
  });

const download = runtime.spawn(new Download(fetch, runtime));
download.start();
clock.advance(10_000);

const state = download.state();
runtime.settle();
console.log(`the download is ${state.get()} after ${calls} calls`);
