import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Deferred, type ExecuteOptions, type Executor, Future, type Job } from '@keelson/process';
import type * as PiscinaModule from 'piscina';
import { type JobCall, type JobOutcome, jobError } from './job-outcome.js';
import { osJobs } from './os-jobs.js';
import { JobError } from './ports/job-error.js';

export interface PoolExecutorOptions {
  /** Where the module of each job is: a file URL or an absolute path. */
  readonly jobs?: Readonly<Record<string, URL | string>>;
  /** Threads at most. Default 2: for work on files more bring nothing, as the disk is the limit. */
  readonly maxThreads?: number;
  /** An idle thread ends after this long. Default 60,000: to start one takes a tenth of a second. */
  readonly idleTimeoutMs?: number;
}

/** Jobs in the background that a thread is handed at once: small ones spend most of their time on the way there. */
const mostAtOnce = 16;

interface Task extends ExecuteOptions {
  readonly name: string;
  readonly call: JobCall;
  readonly answer: Deferred<unknown>;
}

/**
 * Runs jobs in a pool of worker threads, first come first served, those in the background last: they also wait for the
 * end of the turn they are asked for in, so that what waits for an answer goes on first.
 *
 * A job is a module whose default export takes plain data and answers plain data (or a promise of it). The
 * first thread starts with the first job, and idle threads do not keep the process alive. Jobs wait in a
 * queue that never refuses: each entry stands for a future that somebody asked for, so the askers bound it.
 *
 * Discarding drops a job that waits. One that runs goes on to its end, and its future stays pending until
 * then, so that a discarded future always means that nothing works on the input any more: killing a thread
 * would leave half-done work without saying so.
 */
export class PoolExecutor implements Executor {
  readonly #modules: ReadonlyMap<string, string>;
  readonly #options: PoolExecutorOptions;
  readonly #ready = new Set<Task>();
  readonly #background = new Set<Task>();
  /** Keys at work, and the jobs that wait for each. */
  readonly #serial = new Map<string, Set<Task>>();
  #freeThreads: number;
  #pool: PiscinaModule.Piscina<readonly JobCall[], readonly JobOutcome[]> | undefined;
  #unfinished = 0;
  #startsSoon = false;
  #closing: Deferred<void> | undefined;

  constructor(options: PoolExecutorOptions = {}) {
    this.#options = options;
    this.#freeThreads = options.maxThreads ?? 2;
    this.#modules = new Map(
      Object.entries({ ...osJobs, ...options.jobs }).map(([name, at]) => [name, moduleUrl(at)]),
    );
  }

  /**
   * Aborting `signal` is the same as discarding the future.
   *
   * @throws JobError UNKNOWN_JOB | EXECUTOR_CLOSED | WORKER_DIED | NOT_PLAIN_DATA | JOB_FAILED, or the job's
   * own code
   */
  execute<R>(job: Job, options: ExecuteOptions = {}): Future<R> {
    const module = this.#modules.get(job.name);
    if (module === undefined)
      return Future.failed(new JobError('UNKNOWN_JOB', `there is no job '${job.name}'`));
    if (this.#closing)
      return Future.failed(new JobError('EXECUTOR_CLOSED', `cannot run '${job.name}': closed`));

    const task: Task = {
      ...options,
      name: job.name,
      call: { module, input: job.input },
      answer: new Deferred(),
    };
    this.#unfinished++;
    this.#queue(task);
    task.answer.future.onDiscard(() => this.#drop(task));
    this.#abortWith(task);
    if (task.background) this.#startSoon();
    else this.#startWhatCan();
    return task.answer.future as Future<R>;
  }

  /** Accepts no more jobs, lets all accepted ones end, then ends the threads. */
  close(): Future<void> {
    if (!this.#closing) {
      this.#closing = new Deferred();
      this.#closeWhenDone();
    }
    return this.#closing.future;
  }

  #queue(task: Task): void {
    const waiting = task.serial === undefined ? undefined : this.#serial.get(task.serial);
    if (waiting) {
      waiting.add(task);
      return;
    }
    if (task.serial !== undefined) this.#serial.set(task.serial, new Set());
    this.#enter(task);
  }

  #enter(task: Task): void {
    if (task.background) this.#background.add(task);
    else this.#ready.add(task);
  }

  #abortWith(task: Task): void {
    const { signal, answer } = task;
    if (!signal) return;
    const discard = () => void answer.future.discard();
    signal.addEventListener('abort', discard);
    answer.future.onAny(() => signal.removeEventListener('abort', discard));
    if (signal.aborted) discard();
  }

  #drop(task: Task): void {
    if (this.#ready.delete(task) || this.#background.delete(task)) this.#releaseKey(task);
    else if (!this.#waitingFor(task)?.delete(task)) return;
    this.#finish(() => task.answer.discard());
  }

  #waitingFor(task: Task): Set<Task> | undefined {
    return task.serial === undefined ? undefined : this.#serial.get(task.serial);
  }

  #startSoon(): void {
    if (this.#startsSoon) return;
    this.#startsSoon = true;
    setImmediate(() => {
      this.#startsSoon = false;
      this.#startWhatCan();
    });
  }

  #startWhatCan(): void {
    while (this.#freeThreads > 0) {
      const tasks = this.#next();
      if (tasks.length === 0) return;
      this.#freeThreads--;
      this.#start(tasks);
    }
  }

  /** What a free thread is to do: one job, or a few of those in the background, of which each thread has its part. */
  #next(): Task[] {
    const [first] = this.#ready;
    if (first) {
      this.#ready.delete(first);
      return [first];
    }
    const part = Math.ceil(this.#background.size / (this.#options.maxThreads ?? 2));
    const tasks: Task[] = [];
    for (const task of this.#background) {
      if (tasks.length === Math.min(part, mostAtOnce)) break;
      this.#background.delete(task);
      tasks.push(task);
    }
    return tasks;
  }

  #start(tasks: readonly Task[]): void {
    const ended = (settle: (task: Task, index: number) => void) => {
      this.#freeThreads++;
      tasks.forEach((task, index) => settle(task, index));
    };
    Future.from(this.#threads().run(tasks.map(({ call }) => call)))
      .onReady((outcomes) =>
        ended((task, index) => {
          const outcome = outcomes[index];
          if (outcome === undefined) this.#startLater(task);
          else this.#end(task, () => settleAs(task.answer, outcome));
        }),
      )
      .onFailed((error) => ended((task) => this.#end(task, () => task.answer.fail(poolError(task.name, error)))));
  }

  /** The thread had enough before its turn came. */
  #startLater(task: Task): void {
    if (task.answer.future.hasDiscard()) return this.#end(task, () => task.answer.discard());
    this.#background.add(task);
    this.#startWhatCan();
  }

  #end(task: Task, settle: () => void): void {
    this.#releaseKey(task);
    this.#finish(settle);
  }

  /** The next job with the same key may run. */
  #releaseKey(task: Task): void {
    if (task.serial === undefined) return;
    const waiting = this.#serial.get(task.serial);
    const [next] = waiting ?? [];
    if (next) {
      waiting?.delete(next);
      this.#enter(next);
    } else {
      this.#serial.delete(task.serial);
    }
  }

  #finish(settle: () => void): void {
    this.#unfinished--;
    this.#startWhatCan();
    settle();
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (!this.#closing || this.#unfinished > 0) return;
    const ended = this.#pool?.destroy() ?? Promise.resolve();
    this.#closing.associate(Future.from(ended));
  }

  #threads(): PiscinaModule.Piscina<readonly JobCall[], readonly JobOutcome[]> {
    if (this.#pool) return this.#pool;
    // Loaded with the first job: who runs none does not pay for it.
    const { Piscina: Pool } = createRequire(import.meta.url)('piscina') as typeof PiscinaModule;
    const { maxThreads = 2, idleTimeoutMs = 60_000 } = this.#options;
    return (this.#pool = new Pool<readonly JobCall[], readonly JobOutcome[]>({
      filename: fileURLToPath(new URL('./pool-worker.js', import.meta.url)),
      minThreads: 0,
      maxThreads,
      idleTimeout: idleTimeoutMs,
      // What passes through a job, chunks of a layer above all, is given back sooner, and costs no more.
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
      // A thread that waits for work with Atomics.wait cannot serve its own event loop.
      atomics: 'disabled',
      // Jobs close descriptors that Node did not open (openat2, getdents); tracking would warn of each.
      trackUnmanagedFds: false,
    }));
  }
}

function settleAs(answer: Deferred<unknown>, outcome: JobOutcome): void {
  if (outcome.ok) answer.set(outcome.value);
  else answer.fail(jobError(outcome.error));
}

function moduleUrl(at: URL | string): string {
  return typeof at === 'string' && isAbsolute(at) ? pathToFileURL(at).href : String(at);
}

/** The worker answers whatever its job does, so that the pool itself fails means that the thread is gone. */
function poolError(name: string, error: Error): JobError {
  const { name: kind, message } = error;
  if (kind === 'DataCloneError') {
    return new JobError(
      'NOT_PLAIN_DATA',
      `cannot hand its input to '${name}': ${message}`,
      {},
      { cause: error },
    );
  }
  return new JobError(
    'WORKER_DIED',
    `the thread ended while it ran '${name}': ${message}`,
    {},
    { cause: error },
  );
}
