import type { Files } from '@keelson/os/ports';
import type { Executor } from '@keelson/process';
import { Counter, Deferred, defer, delay, Future, Process } from '@keelson/process';
import { listOrNone } from './inventory.js';
import type { StorePaths } from './paths.js';
import { codeOf } from './store-error.js';

/** An entry of `gc/` that could not be removed, and when it is tried again. */
export interface SweepFailure {
  readonly entry: string;
  readonly code: string;
  readonly why: string;
  readonly attempts: number;
}

/** What one round did: from when there was something to remove until nothing was left to try. */
export interface SweepReport {
  readonly removedEntries: number;
  /** Allocated bytes of the files whose last link went. */
  readonly unlinkedBytes: number;
  /** Still there. Each is retried by itself, less and less often. */
  readonly failures: readonly SweepFailure[];
}

export interface SweeperOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly executor: Executor;
  /** Entries handed to the pool at once, so that no thread waits for its next one. Default 64. */
  readonly width?: number;
  /** Pause before the first retry of an entry; doubles with each failure. Default 1,000. */
  readonly firstPauseMs?: number;
  /** Default 300,000. */
  readonly longestPauseMs?: number;
  readonly onRemoved?: (entry: string, unlinkedBytes: number) => void;
  readonly onFailed?: (failure: SweepFailure) => void;
}

/**
 * Empties `gc/` in the pool, a few entries at a time. Whatever lies there is removed, also what a crash left.
 *
 * An entry stops at its first error and is retried later, so that a layer that is still mounted somewhere is
 * damaged as little as possible; the others go on. Nothing waits for a sweep unless it asks `quiet`.
 */
export class Sweeper extends Process<Sweeper> {
  readonly removalsSucceeded = new Counter('store/sweep_removals_succeeded');
  readonly removalsFailed = new Counter('store/sweep_removals_failed');
  readonly bytesUnlinked = new Counter('store/sweep_bytes_unlinked');
  readonly #options: SweeperOptions;
  readonly #failed = new Map<string, SweepFailure>();
  readonly #retrying = new Set<string>();
  #queue: string[] = [];
  #running = false;
  /** Entries that are being removed. */
  #atWork = 0;
  #listAgain = false;
  #round = emptyRound();
  #waiters: Deferred<SweepReport>[] = [];

  constructor(options: SweeperOptions) {
    super('sweeper');
    this.#options = options;
  }

  /** Starts a round, or lets the running one look again before it ends. */
  sweep(): void {
    this.#listAgain = true;
    if (this.#running) return;
    this.#running = true;
    this.#round = emptyRound();
    this.#next();
  }

  /**
   * Settles once nothing is left that could be tried now; the report is that of the round that ended last.
   */
  quiet(): Future<SweepReport> {
    if (!this.#running) return Future.ready(this.#report());
    const waiter = new Deferred<SweepReport>();
    this.#waiters.push(waiter);
    waiter.future.onDiscard(() => waiter.discard());
    return waiter.future;
  }

  #next(): void {
    this.#listAgain = false;
    listOrNone(this.#options.files, this.#options.paths.gc)
      .then((entries) => entries.map((entry) => entry.name))
      .repair(() => Future.ready([]))
      .then(defer(this, this.#begin));
  }

  /** Entries that failed wait for their own retry, unless that is what woke us. */
  #begin(names: readonly string[]): void {
    const there = new Set(names);
    for (const entry of this.#failed.keys()) if (!there.has(entry)) this.#failed.delete(entry);
    this.#queue = names.filter((entry) => !this.#failed.has(entry) || this.#retrying.has(entry));
    this.#retrying.clear();
    const { width = 64 } = this.#options;
    for (let started = 0; started < width; started += 1) this.#removeNext();
    this.#goOnWhenDone();
  }

  #goOnWhenDone(): void {
    if (this.#atWork > 0) return;
    if (this.#listAgain) this.#next();
    else this.#finish();
  }

  #removeNext(): void {
    const name = this.#queue.pop();
    if (name === undefined) return;
    this.#atWork += 1;
    const path = `${this.#options.paths.gc}/${name}`;
    this.#options.executor
      .execute<RemovedTree>({ name: 'os.remove-tree', input: { path } }, { background: true })
      .onAny(defer(this, this.#removed, name));
  }

  #removed(name: string, job: Future<RemovedTree>): void {
    if (job.isReady()) {
      const { unlinkedBytes } = job.get();
      this.#failed.delete(name);
      this.#round.removedEntries += 1;
      this.#round.unlinkedBytes += unlinkedBytes;
      this.removalsSucceeded.increment();
      this.bytesUnlinked.increment(unlinkedBytes);
      this.#options.onRemoved?.(name, unlinkedBytes);
    } else {
      this.#remember(name, job.isFailed() ? job.failure() : new Error('the job was given up'));
    }
    this.#atWork -= 1;
    this.#removeNext();
    this.#goOnWhenDone();
  }

  #remember(entry: string, error: Error): void {
    const { firstPauseMs = 1_000, longestPauseMs = 300_000, onFailed } = this.#options;
    const attempts = (this.#failed.get(entry)?.attempts ?? 0) + 1;
    const failure = { entry, code: codeOf(error) ?? 'UNKNOWN', why: error.message, attempts };
    this.#failed.set(entry, failure);
    this.removalsFailed.increment();
    onFailed?.(failure);
    delay(Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1)), this.self, 'retry', entry);
  }

  /** One entry's pause is over. */
  retry(entry: string): void {
    if (!this.#failed.has(entry)) return;
    this.#retrying.add(entry);
    this.sweep();
  }

  #finish(): void {
    this.#running = false;
    const report = this.#report();
    for (const waiter of this.#waiters.splice(0)) waiter.set(report);
  }

  #report(): SweepReport {
    return { ...this.#round, failures: [...this.#failed.values()] };
  }
}

/** What the job `os.remove-tree` answers. */
interface RemovedTree {
  readonly unlinkedBytes: number;
  readonly entries: number;
}

function emptyRound(): { removedEntries: number; unlinkedBytes: number } {
  return { removedEntries: 0, unlinkedBytes: 0 };
}
