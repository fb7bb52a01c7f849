import { awaitAll, type ExecuteOptions, type Executor, Future, type Job } from '@keelson/process';
import { jobError } from './job-outcome.js';
import type { RemovedTree, RemoveTreeInput } from './jobs/remove-tree.js';
import { osJobs } from './os-jobs.js';
import runJobs from './pool-worker.js';

/** Jobs of a few system calls. */
const brief: ReadonlySet<string> = new Set([
  'os.detach-mounts',
  'os.mount-bind',
  'os.mount-overlay',
  'os.probe-directory',
  'os.unmount',
]);

/**
 * Runs what takes a few system calls on the calling thread, and removes small trees there; everything else is for
 * `executor`. For processes that do one thing and end: a thread takes a tenth of a second to start, as long as all
 * they do.
 */
export class InPlaceExecutor implements Executor {
  readonly #running = new Set<Future<unknown>>();

  /** @param longestRemovalMs  a tree that takes longer is left to a thread; default 20 */
  constructor(
    private readonly executor: Executor & { close(): Future<void> },
    private readonly longestRemovalMs = 20,
  ) {}

  /** As the executor behind it; a job that is run here cannot be given up. */
  execute<R>(job: Job, options: ExecuteOptions = {}): Future<R> {
    if (brief.has(job.name)) return this.#run<R>(job);
    if (job.name !== 'os.remove-tree') return this.executor.execute(job, options);

    const input: RemoveTreeInput = { ...(job.input as RemoveTreeInput), forMs: this.longestRemovalMs };
    const removal = this.#run<RemovedTree>({ name: job.name, input }).then(({ unfinished, ...removed }) => {
      if (!unfinished) return removed;
      return this.executor.execute<RemovedTree>(job, options).then((rest) => ({
        unlinkedBytes: removed.unlinkedBytes + rest.unlinkedBytes,
        entries: removed.entries + rest.entries,
      }));
    });
    return this.#remember(removal as Future<unknown>) as Future<R>;
  }

  /** Lets accepted jobs end, then closes the executor behind it. */
  close(): Future<void> {
    return awaitAll([...this.#running]).then(() => this.executor.close());
  }

  #run<R>({ name, input }: Job): Future<R> {
    const module = osJobs[name]!.href;
    const ran = Future.from(runJobs([{ module, input }])).then(([outcome]) => {
      if (outcome!.ok) return outcome!.value;
      throw jobError(outcome!.error);
    });
    return this.#remember(ran.undiscardable()) as Future<R>;
  }

  #remember(job: Future<unknown>): Future<unknown> {
    this.#running.add(job);
    return job.onAny(() => this.#running.delete(job));
  }
}
