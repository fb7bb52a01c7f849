import type { Dispatcher, ReadyItem } from '@keelson/process';
import { ChoiceQueue } from './choice-queue.js';
import { microtasks } from './microtasks.js';

interface WaitingTask extends ReadyItem {
  readonly kind: 'completion';
  readonly run: () => void;
}

/**
 * Runs code made of native promises under the choices of a dispatcher, so that its orders are searched,
 * shrunk and replayed like those of processes. For code that has fast-check's `fc.Scheduler` already, see
 * `SchedulerAdapter`.
 *
 * Wrap what the code under test waits for (`schedule`, `scheduleFunction`); each answer comes when the
 * dispatcher chooses it. Between two choices all microtasks run out, however deep the chains. Runtimes on the
 * same dispatcher run as part of that; their steps and these answers are chosen among separately.
 *
 * @example
 * fc.asyncProperty(runOrder(), async (order) => {
 *   const edge = new EdgeScheduler(new DecisionVector(order));
 *   const api = { fetchUser: edge.scheduleFunction(fakeFetchUser, 'fetchUser') };
 *   const done = Promise.all([renameUser(api, 'a'), renameUser(api, 'b')]);
 *   await edge.waitFor(done);
 * });
 */
export class EdgeScheduler {
  readonly #ready: ChoiceQueue<WaitingTask>;
  readonly #ran: string[] = [];
  /** Tasks that were announced and have not come to an end by themselves. */
  #outstanding = 0;

  constructor(dispatcher: Dispatcher) {
    this.#ready = new ChoiceQueue(dispatcher);
  }

  /** What was let through so far, in order. */
  get ran(): readonly string[] {
    return this.#ran;
  }

  /** Answers a promise that settles as `task` does, when it is chosen. */
  schedule<T>(task: PromiseLike<T>, label = 'promise'): Promise<T> {
    this.#outstanding += 1;
    return new Promise((resolve, reject) => {
      task.then(
        (value) => this.#arrive(label, () => resolve(value)),
        (error: unknown) => this.#arrive(label, () => reject(error as Error)),
      );
    });
  }

  /** `f`, whose calls begin at once and whose answers come when they are chosen. */
  scheduleFunction<A extends unknown[], R>(
    f: (...args: A) => PromiseLike<R>,
    label = f.name,
  ): (...args: A) => Promise<R> {
    return (...args) => this.schedule(f(...args), labelOfCall(label, args));
  }

  /** `f`, whose calls begin only when they are chosen, and whose answers are a choice of their own. */
  scheduleCall<A extends unknown[], R>(
    f: (...args: A) => PromiseLike<R>,
    label = f.name,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      const name = labelOfCall(label, args);
      await this.schedule(Promise.resolve(), `call ${name}`);
      return this.schedule(f(...args), name);
    };
  }

  /** Lets things through, one by one, until nothing is left. */
  async waitIdle(): Promise<void> {
    await microtasks();
    while (this.#ready.waiting.length > 0 || this.#outstanding > 0) await this.#step();
  }

  /** As `waitIdle`, until `promise` settles; answers it. What is left then stays where it is. */
  waitFor<T>(promise: PromiseLike<T>): Promise<T> {
    return this.#ready.until(promise, () => {
      if (this.#ready.waiting.length > 0 || this.#outstanding > 0) return this.#step();
      throw new Error('EdgeScheduler.waitFor: nothing is left to let through, and the promise is still pending');
    });
  }

  async #step(): Promise<void> {
    if (this.#ready.waiting.length === 0) await this.#ready.arrival();
    else this.#letOneThrough();
    await microtasks();
  }

  #letOneThrough(): void {
    const chosen = this.#ready.take();
    this.#ran.push(chosen.label);
    chosen.run();
  }

  #arrive(label: string, run: () => void): void {
    this.#outstanding -= 1;
    this.#ready.add({ kind: 'completion', label, cause: 0, run });
  }
}

function labelOfCall(label: string, args: readonly unknown[]): string {
  return `${label || 'function'}(${args.map((argument) => JSON.stringify(argument) ?? String(argument)).join(', ')})`;
}
