import type { Clock, Metric } from '@keelson/process';
import { Deferred, type Future, ReadWriteLock, Timer } from '@keelson/process';

/** What passes the gate: the first two side by side, a prune alone. */
export type GateUse = 'provision' | 'destroy' | 'prune';

const uses: readonly GateUse[] = ['provision', 'destroy', 'prune'];

/**
 * The lock between prunes and everybody else, with its waiting measured: how long each use stood before it, and how
 * long it stayed inside, over the last hour. A slow launch then explains itself.
 */
export class Gate {
  readonly #lock = new ReadWriteLock({ name: 'provisioner-lock' });
  readonly #waits: Readonly<Record<GateUse, Timer>>;
  readonly #holds: Readonly<Record<GateUse, Timer>>;

  constructor(clock: Clock) {
    this.#waits = timers('provisioner/gate_wait', clock);
    this.#holds = timers('provisioner/gate_hold', clock);
  }

  /** For a registry of metrics. */
  get metrics(): readonly Metric[] {
    return [...Object.values(this.#waits), ...Object.values(this.#holds)];
  }

  /** Runs `f` beside others that read; see `ReadWriteLock.withRead`. */
  withRead<R>(use: GateUse, f: () => Future<R>): Future<R> {
    return this.#lock.withRead(this.#measured(use, f));
  }

  /** Runs `f` alone; see `ReadWriteLock.withWrite`. */
  withWrite<R>(use: GateUse, f: () => Future<R>): Future<R> {
    return this.#lock.withWrite(this.#measured(use, f));
  }

  dispose(): void {
    this.#lock.dispose();
  }

  #measured<R>(use: GateUse, f: () => Future<R>): () => Future<R> {
    const granted = new Deferred<void>();
    this.#waits[use].time(granted.future);
    return () => {
      granted.set(undefined);
      return this.#holds[use].time(f());
    };
  }
}

function timers(name: string, clock: Clock): Record<GateUse, Timer> {
  const windowMs = 60 * 60 * 1_000;
  const made = uses.map((use) => [use, new Timer(`${name}/${use}`, { clock, windowMs })] as const);
  return Object.fromEntries(made) as Record<GateUse, Timer>;
}
