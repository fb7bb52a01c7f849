import { Future } from '../future/future.js';
import type { Answer } from '../future/future.js';
import type { PID, Unwrap } from '../runtime/pid-type.js';
import { Process } from '../runtime/process.js';
import type { Runtime } from '../runtime/runtime.js';
import { dispatch } from '../runtime/dispatch.js';
import { toError } from '../errors.js';

class ExecutorProcess extends Process<ExecutorProcess> {
  run(f: () => unknown): unknown {
    try {
      return f();
    } catch (error) {
      // A closure that throws is its caller's bug, and must not take the work of others with it.
      return Future.failed(toError(error));
    }
  }
}

/**
 * Runs functions one after the other in an actor of its own: asynchronously, never two at a time. libprocess
 * calls this `Executor`; here that name belongs to the seam that runs named jobs in other threads.
 *
 * @example
 * const executor = new SerialExecutor(runtime);
 * signal.onAny(executor.defer(() => this.#reload()));
 */
export class SerialExecutor {
  readonly #pid: PID<ExecutorProcess>;

  constructor(private readonly runtime: Runtime) {
    this.#pid = runtime.spawn(new ExecutorProcess('executor'));
  }

  /** Runs `f` in its turn. Its future may stay pending while the next one runs. */
  execute<R>(f: () => Answer<R>): Future<R> {
    return dispatch(this.#pid, (process: ExecutorProcess) => process.run(f)) as Future<R>;
  }

  /** A function that, when called, runs `f` here with its arguments. */
  defer<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => Future<Unwrap<R>> {
    return (...args) => this.execute(() => f(...args)) as Future<Unwrap<R>>;
  }

  /** Drops what waits and refuses what comes: those futures are abandoned. */
  stop(): void {
    this.runtime.terminate(this.#pid);
  }
}
