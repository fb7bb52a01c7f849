import { awaitAll } from '../future/await-all.js';
import { DISCARDED, READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';
import type { Runtime } from '../runtime/runtime.js';
import type { TimeOptions } from '../time/after.js';
import { startTimer } from '../time/start-timer.js';
import type { Metric } from './metric.js';

/** Values by name, sorted by it. */
export type MetricsSnapshot = Readonly<Record<string, number>>;

/** Statistics a snapshot tells of a metric with a history. */
const TOLD = ['count', 'max', 'min', 'p50', 'p90', 'p95', 'p99', 'p999', 'p9999'] as const;

/**
 * The registry that snapshots are taken of. Mirrors libprocess `metrics`, without its global: each agent has
 * its own.
 *
 * @example
 * const metrics = new Metrics({ runtime });
 * metrics.add(pulls);
 * const values = await metrics.snapshot(2_000);
 */
export class Metrics {
  readonly #metrics = new Map<string, Metric>();
  readonly #runtime: Runtime | undefined;

  constructor(options: TimeOptions = {}) {
    this.#runtime = options.runtime;
  }

  /** FAILED if another metric has that name. */
  add(metric: Metric): Future<void> {
    const { name } = metric;
    if (this.#metrics.has(name)) return Future.failed(new Error(`Metric '${name}' was already added`));
    this.#metrics.set(name, metric);
    return Future.ready();
  }

  /** FAILED if there is none by that name. */
  remove(metric: Metric): Future<void> {
    const { name } = metric;
    if (!this.#metrics.delete(name)) return Future.failed(new Error(`Metric '${name}' not found`));
    return Future.ready();
  }

  /**
   * Asks every metric at once and answers what came: those that fail, are discarded or abandoned, or are
   * still pending after `timeoutMs`, are left out. Without a timeout it waits for as long as one may still
   * answer. A metric with a history adds `name/count`, `name/p99` and so on.
   */
  snapshot(timeoutMs?: number): Future<MetricsSnapshot> {
    const asked = Array.from(this.#metrics.values(), (metric) => ({ metric, value: metric.value() }));
    const result = Future.pending<MetricsSnapshot>();
    const finish = (): void => void settle(result, READY, snapshotOf(asked));
    // A value nobody can complete counts as one that failed, or one dead process would keep every snapshot
    // waiting.
    const ended = asked.map(({ value }) => value.undiscardable().recover(zeroIfAbandoned));
    const timer = timeoutMs === undefined ? undefined : startTimer(timeoutMs, finish, this.#runtime);
    awaitAll(ended).onReady(finish);
    result.onAny(() => void timer?.cancel());
    result.onDiscard(() => {
      for (const { value } of asked) value.discard();
      settle(result, DISCARDED, undefined);
    });
    return result;
  }
}

function zeroIfAbandoned(future: Future<number>): number | Future<number> {
  return future.isPending() ? 0 : future;
}

interface Asked {
  readonly metric: Metric;
  readonly value: Future<number>;
}

function snapshotOf(asked: readonly Asked[]): MetricsSnapshot {
  const entries: [string, number][] = [];
  for (const { metric, value } of asked) {
    if (value.isReady()) entries.push([metric.name, value.get()]);
    const statistics = metric.statistics();
    if (statistics) for (const told of TOLD) entries.push([`${metric.name}/${told}`, statistics[told]]);
  }
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
