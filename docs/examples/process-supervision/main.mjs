/**
 * Supervision by links: what is an error, what is a bug, and who starts the worker again.
 *
 *     node docs/examples/process-supervision/main.mjs
 *
 * A coded error is an answer: it fails one request, and the worker goes on. Any other throw is a bug: it ends the worker,
 * abandons what was queued behind it, and tells whoever linked. A link is one-way and good for one event.
 */
import { Process, Runtime } from '@keelson/process';

class NotFoundError extends Error {
  code = 'NOT_FOUND';
}

class Worker extends Process {
  constructor() {
    super('worker');
  }

  find(key) {
    if (key === 'nothing') throw new NotFoundError(`there is no ${key}`);
    // A bug: `undefined` has no length.
    return (key === 'bug' ? undefined : key).length;
  }
}

class Supervisor extends Process {
  #runtime;
  #worker;
  #restarts = 0;

  constructor(runtime) {
    super('supervisor');
    this.#runtime = runtime;
  }

  initialize() {
    this.#start();
  }

  /** Hands the question to the worker of the moment. Whoever asks keeps only the supervisor's pid. */
  find(key) {
    return this.#worker.find(key);
  }

  exited(pid, reason) {
    this.#restarts += 1;
    console.log(`${pid.id} ended (${reason?.constructor.name ?? 'on request'}), restart ${this.#restarts}`);
    this.#start();
  }

  #start() {
    this.#worker = this.#runtime.spawn(new Worker());
    this.link(this.#worker);
  }
}

const runtime = new Runtime({});
const supervisor = runtime.spawn(new Supervisor(runtime));

for (const key of ['seven', 'nothing', 'bug', 'again']) {
  const answer = await supervisor.find(key).repair((failed) => {
    const error = failed.failure();
    return error.code ?? `crashed: ${error.constructor.name}`;
  });
  console.log(`find ${key}: ${answer}`);
}

await runtime.finalize();
