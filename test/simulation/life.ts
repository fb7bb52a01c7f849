import type { NetworkFault } from '@keelson/simulation';
import type { CrashFate, Fault, JobFault, SimulatedDisk, SimulatedRegistry } from '@keelson/simulation';
import { SimulatedWorld } from '@keelson/simulation';
import type { Future } from '@keelson/process';
import { dispatch } from '@keelson/process';
import type { Provisioner } from '@keelson/provisioner';
import type { DockerStore, MetadataManager } from '@keelson/store';
import { check } from './check.js';
import { freshDisk, freshRegistry } from './fresh.js';
import { LayerWatch } from './layer-watch.js';
import { Machine } from './machine.js';
import type { Order } from './order.js';
import { dispatcherOf, fifo, LifeOver, StepWatch } from './order.js';

export interface LifeOptions {
  readonly order?: Order;
  readonly crashAt?: number;
  readonly faults?: readonly Fault[];
  readonly jobFaults?: readonly JobFault[];
  readonly networkFault?: (path: string) => NetworkFault | undefined;
  readonly disk?: SimulatedDisk;
  readonly host?: Machine;
  readonly registry?: SimulatedRegistry;
  /** How many lives this disk has seen before: ids of another life are others. Default 0. */
  readonly earlierLives?: number;
  /** Also look whether every listed image is whole and no needed layer moves, after every step. Default true. */
  readonly watched?: boolean;
}

/** The actors themselves, for looks between steps. Nothing is ever changed through them. */
export interface Insides {
  readonly store: DockerStore;
  readonly metadata: MetadataManager;
  readonly provisioner: Provisioner;
}

/** One life of the store and the provisioner, watched after every step. */
export class Life {
  readonly watch: StepWatch;
  readonly world: SimulatedWorld;
  readonly insides: Insides;
  readonly layers: LayerWatch;
  readonly host: Machine;

  constructor(protected readonly options: LifeOptions = {}) {
    this.watch = new StepWatch(dispatcherOf(options.order ?? fifo));
    this.host = options.host ?? new Machine();
    this.world = new SimulatedWorld({
      order: this.watch,
      seed: 1 + (options.earlierLives ?? 0),
      ...(options.crashAt !== undefined && { crashAt: options.crashAt }),
      ...(options.faults && { faults: options.faults }),
      ...(options.jobFaults && { jobFaults: options.jobFaults }),
      ...(options.networkFault && { networkFault: options.networkFault }),
      disk: options.disk ?? freshDisk(),
      registry: options.registry ?? freshRegistry(),
      host: this.host,
    });
    this.insides = insidesOf(this.world);
    this.layers = new LayerWatch(this.world, this.insides);
    if (options.watched ?? true) this.watch.afterStep = (ready) => this.layers.look(ready);
  }

  /** Runs what can run; false when the power went. The last step is looked at too. */
  settle(): boolean {
    const whole = this.world.settle();
    if (whole) this.watch.afterStep?.([]);
    return whole;
  }

  /** Settles, and lets the virtual time pass that retries wait for. */
  settleOver(ms: number): boolean {
    if (!this.settle()) return false;
    for (let passed = 0; passed < ms; passed += 1_000) {
      try {
        this.world.clock.advance(1_000);
      } catch (error) {
        if ((error as Error).name === 'PowerCut') return false;
        throw error;
      }
      if (!this.settle()) return false;
    }
    return true;
  }

  /** The answer of a request that has to succeed now. */
  now<T>(future: Future<T>): T {
    check(this.settle(), 'the power went where no crash was wanted');
    check(future.isReady(), () => `expected an answer, but it is ${future.toString()}`);
    return future.get();
  }

  recover(known: readonly string[] = []): void {
    this.now(this.world.provisioner.recover(known));
  }

  /** Nothing of it runs any more, whatever was under way or comes from the machine later. */
  end(): void {
    this.watch.over = true;
    this.world.runtime.offer({ kind: 'fault', label: 'the end', run: () => {} });
    try {
      this.world.settle();
    } catch (error) {
      if (!(error instanceof LifeOver)) throw error;
    }
  }

  /** The next life, on what a crash left. */
  next(fates: readonly CrashFate[] = [], options: LifeOptions = {}): Life {
    this.end();
    const { registry } = this.world;
    const disk = this.world.disk.afterCrash(fates);
    const earlierLives = (this.options.earlierLives ?? 0) + 1;
    const next = new Life({ disk, registry, host: this.host, earlierLives, ...options });
    next.layers.forgive(this.layers);
    return next;
  }
}

/** Taken in turns of their own, in a fixed order, before anything else happens. */
function insidesOf({ store, metadata, provisioner, runtime, dispatcher }: SimulatedWorld): Insides {
  const insides: { -readonly [K in keyof Insides]?: Insides[K] } = {};
  dispatch(store, (actor) => void (insides.store = actor as unknown as DockerStore));
  dispatch(metadata, (actor) => void (insides.metadata = actor as unknown as MetadataManager));
  dispatch(provisioner, (actor) => void (insides.provisioner = actor as unknown as Provisioner));
  try {
    runtime.settle();
  } catch (error) {
    // A crash at one of the first steps: nobody is there to look into.
    if (dispatcher.steps > 10) throw error;
  }
  return insides as Insides;
}
