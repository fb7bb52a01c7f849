import { awaitAll, type ExecuteOptions, type Executor, Future, type Job } from '@keelson/process';
import { jobError } from './job-outcome.js';
import type { RemovedTree, RemoveTreeInput } from './jobs/remove-tree.js';
import { osJobs } from './os-jobs.js';
import runJobs from './pool-worker.js';
import { JobError } from './ports/job-error.js';

/** Jobs of a few system calls. */
const brief: ReadonlySet<string> = new Set([
  'os.detach-mounts',
  'os.mount-bind',
  'os.mount-overlay',
  'os.probe-directory',
  'os.unmount',
]);

export type ClosableExecutor = Executor & { close(): Future<void> };

/**
 * Runs what takes a few system calls on the calling thread, and removes small trees there; everything else is for
 * `executor`. For processes that do one thing and end: a thread takes a tenth of a second to start, as long as all
 * they do.
 */
export class InPlaceExecutor implements ClosableExecutor {
  #closing: Future<void> | undefined;
  readonly #running = new Set<Future<unknown>>();
  #leftMs: number;
  /** Removals here, one after the other. */
  #removals: Promise<unknown> = Promise.resolve();

  /** @param removalsMs  how long trees are removed here, all together; what is left then is for threads; default 20 */
  constructor(
    private readonly executor: ClosableExecutor,
    removalsMs = 20,
  ) {
    this.#leftMs = removalsMs;
  }

  /** As the executor behind it; a job that is run here cannot be given up. */
  execute<R>(job: Job, options: ExecuteOptions = {}): Future<R> {
    if (this.#closing) return Future.failed(new JobError('EXECUTOR_CLOSED', `cannot run '${job.name}': closed`));
    if (brief.has(job.name)) return this.#remember<R>(Future.from(run<R>(job)));
    if (job.name === 'os.remove-tree') return this.#remember(this.#remove(job, options)) as Future<R>;
    return this.executor.execute(job, options);
  }

  /** Lets accepted jobs end, then closes the executor behind it. */
  close(): Future<void> {
    return (this.#closing ??= awaitAll([...this.#running]).then(() => this.executor.close()));
  }

  #remove(job: Job, options: ExecuteOptions): Future<RemovedTree> {
    const begun = this.#removals.then(() => this.#removeHere(job.input as RemoveTreeInput));
    this.#removals = begun.catch(() => {});
    return Future.from(begun).then(({ unfinished, ...removed }) => {
      if (!unfinished) return removed;
      return this.executor.execute<RemovedTree>(job, options).then((rest) => ({
        unlinkedBytes: removed.unlinkedBytes + rest.unlinkedBytes,
        entries: removed.entries + rest.entries,
      }));
    });
  }

  async #removeHere(input: RemoveTreeInput): Promise<RemovedTree> {
    if (this.#leftMs <= 0) return { unlinkedBytes: 0, entries: 0, unfinished: true };
    const startedAtMs = performance.now();
    try {
      return await run({ name: 'os.remove-tree', input: { ...input, forMs: this.#leftMs } });
    } finally {
      this.#leftMs -= performance.now() - startedAtMs;
    }
  }

  #remember<R>(job: Future<R>): Future<R> {
    const running = job.undiscardable();
    this.#running.add(running);
    return running.onAny(() => this.#running.delete(running));
  }
}

async function run<R>({ name, input }: Job): Promise<R> {
  const [outcome] = await runJobs([{ module: osJobs[name]!.href, input }]);
  if (outcome!.ok) return outcome!.value as R;
  throw jobError(outcome!.error);
}
