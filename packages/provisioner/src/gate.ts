import type { Clock, Future, Metric } from '@keelson/process';
import { Deferred, PullGauge, ReadWriteLock, Timer } from '@keelson/process';

/** Who asks for the lock: provisioning and destroying pass beside each other, a prune passes alone. */
export type GateUse = 'provision' | 'destroy' | 'prune';

const uses: readonly GateUse[] = ['provision', 'destroy', 'prune'];
const windowMs = 60 * 60 * 1_000;

/**
 * The provisioner's one lock, with the time that each use waits for it and holds it. How long a launch waits behind a
 * prune is what users feel of a prune, so it is measured where it happens.
 */
export class Gate {
  readonly #lock = new ReadWriteLock({ name: 'provisioner-lock' });
  readonly #waits: ReadonlyMap<GateUse, Timer>;
  readonly #holds: ReadonlyMap<GateUse, Timer>;
  readonly #leases = { waiting: leaseCounts(), held: leaseCounts() };

  constructor(clock: Clock) {
    const timers = (what: string): ReadonlyMap<GateUse, Timer> =>
      new Map(uses.map((use) => [use, new Timer(`provisioner/gate_${what}/${use}`, { windowMs, clock })]));
    this.#waits = timers('wait');
    this.#holds = timers('hold');
  }

  /** For a registry of metrics: the last hour of waits and holds of each use, and who waits and holds now. */
  get metrics(): readonly Metric[] {
    const leases = (['waiting', 'held'] as const).flatMap((state) =>
      uses.map((use) => new PullGauge(`provisioner/gate_leases/${use}/${state}`, () => this.#leases[state][use])),
    );
    return [...this.#waits.values(), ...this.#holds.values(), ...leases];
  }

  /** Does `work` under a lease, which is released when it is settled or abandoned, whoever still listens. */
  pass<R>(use: GateUse, work: () => Future<R>): Future<R> {
    const granted = new Deferred<void>();
    this.#waits.get(use)!.time(granted.future);
    const { waiting, held } = this.#leases;
    waiting[use] += 1;
    const enter = (): Future<R> => {
      granted.set();
      waiting[use] -= 1;
      held[use] += 1;
      const leave = (): void => void (held[use] -= 1);
      return this.#holds.get(use)!.time(work()).onAny(leave).onAbandoned(leave);
    };
    const passed = use === 'prune' ? this.#lock.withWrite(enter) : this.#lock.withRead(enter);
    // Who left the queue, or was failed with it, never enters.
    return passed.onAny(() => {
      if (granted.future.isPending()) waiting[use] -= 1;
    });
  }

  /** Fails who waits. */
  dispose(): void {
    this.#lock.dispose();
  }
}

function leaseCounts(): Record<GateUse, number> {
  return { provision: 0, destroy: 0, prune: 0 };
}
