import type { Executor, Future } from '@keelson/process';
import { Deferred } from '@keelson/process';

/**
 * What a job does in simulation: a generator over plain input. Everything between two `yield`s is one step
 * the dispatcher chooses; the yielded text names the step that follows. What it returns is the job's answer.
 */
export type SimulatedJob = (input: unknown) => Generator<string, unknown, void>;

/** One step of a job: what a fault may hit and a crash may come before. */
export interface JobStep {
  readonly job: string;
  readonly step: string;
}

export interface SimulatedExecutorOptions {
  readonly jobs: Readonly<Record<string, SimulatedJob>>;
  readonly schedule: (label: string, run: () => void) => void;
  /** Jobs that run at once, as threads of the pool would; default 2. */
  readonly slots?: number;
  /** Answers an error to abort the job there: what it did so far stays done. */
  readonly fault?: (step: JobStep) => Error | undefined;
}

interface Waiting {
  readonly name: string;
  /** Paths in its input, told in the label of every step. */
  readonly paths: readonly string[];
  readonly run: Generator<string, unknown, void>;
  readonly answer: Deferred<unknown>;
}

/**
 * An executor whose jobs are split into steps: start, every `yield`, finish. Steps of jobs in different slots
 * interleave as the dispatcher chooses, and a fault aborts a job half way, leaving its partial work.
 *
 * As in the pool, a discarded job that waits for a slot is dropped, and a running one goes on to its end.
 */
export class SimulatedExecutor implements Executor {
  readonly #options: SimulatedExecutorOptions;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  constructor(options: SimulatedExecutorOptions) {
    this.#options = options;
  }

  /** How many jobs run or wait. */
  get pendingJobs(): number {
    return this.#running + this.#waiting.length;
  }

  execute<R>(job: { name: string; input: unknown }): Future<R> {
    const make = this.#options.jobs[job.name];
    const answer = new Deferred<R>();
    if (make === undefined) {
      answer.fail(Object.assign(new Error(`no simulated job is called ${job.name}`), { code: 'UNKNOWN_JOB' }));
      return answer.future;
    }
    const waiting: Waiting = {
      name: job.name,
      paths: pathsIn(job.input),
      run: make(job.input),
      answer: answer as Deferred<unknown>,
    };
    answer.future.onDiscard(() => this.#drop(waiting));
    this.#waiting.push(waiting);
    this.#fillSlots();
    return answer.future;
  }

  #drop(waiting: Waiting): void {
    const index = this.#waiting.indexOf(waiting);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    waiting.answer.discard();
  }

  #fillSlots(): void {
    while (this.#running < (this.#options.slots ?? 2)) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running += 1;
      this.#step(next, 'start');
    }
  }

  #step(job: Waiting, step: string): void {
    const where = job.paths.length === 0 ? '' : ` with ${job.paths.join(' ')}`;
    this.#options.schedule(`${job.name} ${step}${where}`, () => {
      const fault = this.#options.fault?.({ job: job.name, step });
      if (fault !== undefined) return this.#end(() => job.answer.fail(fault));
      try {
        const next = job.run.next();
        if (next.done) this.#end(() => job.answer.set(next.value));
        else this.#step(job, next.value);
      } catch (error) {
        this.#end(() => job.answer.fail(error as Error));
      }
    });
  }

  #end(tell: () => void): void {
    this.#running -= 1;
    this.#fillSlots();
    tell();
  }
}

/** Every absolute path in a job's plain input, each once. */
function pathsIn(input: unknown): readonly string[] {
  if (typeof input === 'string') return input.startsWith('/') ? [input] : [];
  if (typeof input !== 'object' || input === null) return [];
  return [...new Set(Object.values(input).flatMap(pathsIn))];
}
