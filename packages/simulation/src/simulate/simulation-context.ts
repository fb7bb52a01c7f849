import type { Dispatcher, Observer, RuntimeOptions } from '@keelson/process';
import { Runtime, VirtualClock } from '@keelson/process';
import type { Fault } from '../arbitraries.js';
import type { CrashFate } from '../files/simulated-disk.js';
import { CrashNotes, expectNoCrash } from '../oracles/crashes.js';
import type { Pending } from '../oracles/deadlock.js';
import { WatchList } from '../oracles/deadlock.js';
import { expectRootsReleased } from '../oracles/leaked-roots.js';
import { LockLedger } from '../oracles/lock-ledger.js';
import { RequestLedger } from '../oracles/request-ledger.js';
import { PowerCut } from '../power-cut.js';
import { SeededRandom } from '../seeded-random.js';
import type { SimulatedWorldOptions } from '../simulated-world.js';
import { SimulatedWorld } from '../simulated-world.js';
import { GuidedDispatcher } from './guided-dispatcher.js';
import type { Plan } from './plan.js';
import { TraceRecorder } from './trace-recorder.js';

export interface ContextOptions {
  /** Takes the place of the plan's order. */
  readonly strategy: Dispatcher;
  readonly maxSteps: number;
  /** Whether choices and trace are kept. */
  readonly recording: boolean;
  /** Told of everything, besides what the kit itself watches. */
  readonly observers?: readonly Observer[];
}

/**
 * What a scenario runs in: one order of events, one clock, one chance. Everything it makes must come from
 * here, or the run cannot be repeated.
 */
export class SimulationContext<Input = unknown> {
  /** What to do, from the plan. */
  readonly input: Input;
  readonly random: SeededRandom;
  readonly clock = new VirtualClock();
  /** For runtimes made by hand. */
  readonly dispatcher: Dispatcher;
  readonly faults: readonly Fault[];
  /** What a power cut does to the disk; see `SimulatedDisk.afterCrash`. */
  readonly fates: readonly CrashFate[];
  /** @internal */
  readonly guide: GuidedDispatcher;
  /** @internal */
  readonly recorder: TraceRecorder | undefined;
  readonly #watched = new WatchList();
  readonly #invariants: { readonly name: string; readonly holds: () => void }[] = [];
  readonly #ownObservers: readonly Observer[];
  readonly #crashes: CrashNotes | undefined;
  readonly #runtimes: Runtime[] = [];
  #ledger: LockLedger | undefined;
  #requests: RequestLedger | undefined;
  #checksLeases = false;
  #checksAnswers = false;
  #mayWait: RegExp | undefined;
  readonly #quietWorlds: SimulatedWorld[] = [];
  #mayCrash = false;
  #runtime: Runtime | undefined;
  #thrown: { readonly error: unknown } | undefined;

  constructor(plan: Plan<Input>, options: ContextOptions) {
    const { strategy, maxSteps, recording } = options;
    this.input = plan.input;
    this.random = new SeededRandom(plan.seed ?? 1);
    this.faults = plan.faults ?? [];
    this.fates = plan.crash?.fates ?? [];
    const betweenSteps = () => this.#checkInvariants();
    this.guide = new GuidedDispatcher(strategy, { maxSteps, crashStep: plan.crash?.step, betweenSteps, recording });
    this.dispatcher = this.guide;
    if (recording) {
      this.recorder = new TraceRecorder(() => this.guide.steps);
      this.#ledger = new LockLedger();
      this.#requests = new RequestLedger();
      this.#crashes = new CrashNotes();
    }
    this.#ownObservers = options.observers ?? [];
  }

  /**
   * For runtimes made by hand. Empty in a run that is not recorded, unless something asks for it: then runs
   * are cheaper.
   */
  get observers(): readonly Observer[] {
    const own = this.#ownObservers;
    const { recorder } = this;
    return [recorder, this.#ledger, this.#requests, this.#crashes, ...own].filter((observer) => observer !== undefined);
  }

  /** A runtime on this order, clock and chance, the same one every time. `settle` drives it. */
  runtime(options: Omit<RuntimeOptions, 'dispatcher' | 'clock'> = {}): Runtime {
    return (this.#runtime ??= this.newRuntime(options));
  }

  /** Another runtime on the same order: the next life after a power cut, or a second machine. */
  newRuntime(options: Omit<RuntimeOptions, 'dispatcher' | 'clock'> = {}): Runtime {
    const { dispatcher, clock, random } = this;
    const observers = [...this.observers, ...(options.observers ?? [])];
    this.#runtime = new Runtime({ random, ...options, dispatcher, clock, observers });
    this.#runtimes.push(this.#runtime);
    return this.#runtime;
  }

  /** The real store and provisioner on a simulated machine. The power goes where the plan says. */
  world(options: SimulatedWorldOptions = {}): SimulatedWorld {
    const { dispatcher, faults, observers } = this;
    const { seed } = this.random;
    const world = new SimulatedWorld({ order: dispatcher, faults, seed, observers, ...options });
    this.#runtimes.push(world.runtime);
    return world;
  }

  /** The next life of a world on what the crash left, its order chosen too. */
  restart(world: SimulatedWorld, options: SimulatedWorldOptions = {}): SimulatedWorld {
    const { dispatcher: order, observers, fates } = this;
    const next = world.restart(fates, { order, observers, ...options });
    this.#runtimes.push(next.runtime);
    return next;
  }

  /**
   * Makes `run` something the dispatcher may choose to happen: a request from outside, at a time of its
   * choosing. What it throws fails the scenario.
   */
  offer(label: string, run: () => void): void {
    this.runtime().offer({ kind: 'completion', label, run: () => this.guard(run) });
  }

  /** Runs a part of the scenario inside a step, where the runtime would keep what it throws to itself. */
  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#thrown ??= { error };
    }
  }

  /** Runs everything that can run; false when the power went meanwhile. Time does not move by itself. */
  settle(runtime: Runtime = this.runtime()): boolean {
    try {
      runtime.settle();
      this.#checkInvariants();
      return true;
    } catch (error) {
      if (error instanceof PowerCut) return false;
      throw error;
    }
  }

  /**
   * `holds` is called after every step from now on, and throws where the program may not be in that state.
   */
  invariant(name: string, holds: () => void): void {
    this.#invariants.push({ name, holds });
  }

  /**
   * Expects `future` to be settled or abandoned when the scenario ends, unless the power went. Answers the
   * future.
   */
  watch<F extends Pending>(label: string, future: F): F {
    this.#watched.add(label, future);
    return future;
  }

  /**
   * Expects every lock to be free when the scenario ends. Call it first: only runtimes made later are
   * followed.
   */
  expectLocksReleased(): void {
    this.#checksLeases = true;
    this.#ledger ??= new LockLedger();
  }

  /**
   * Expects every request to every process to be answered when the scenario ends, unless the power went. Call it
   * first: only runtimes made later are followed.
   *
   * @param options.mayWait  names (`process.method`) of requests that wait as long as they like
   */
  expectAllAnswered(options: { readonly mayWait?: RegExp } = {}): void {
    this.#checksAnswers = true;
    this.#mayWait = options.mayWait;
    this.#requests ??= new RequestLedger();
  }

  /** Expects that nobody holds an image or a layer of `world`, and no job runs, when the scenario ends. */
  expectRootsReleased(world: SimulatedWorld): void {
    this.#quietWorlds.push(world);
  }

  /** Processes of this scenario crash, or callbacks throw, and that is right. Otherwise it fails the scenario. */
  allowCrashes(): void {
    this.#mayCrash = true;
  }

  /** @internal What must hold when the scenario is over. */
  finish(): void {
    if (this.#thrown !== undefined) throw this.#thrown.error;
    if (!this.#mayCrash) expectNoCrash(this.#runtimes, this.#crashes);
    if (this.guide.wasCut) return;
    this.#watched.expectSettled(this.#ledger, this.#requests);
    if (this.#checksAnswers) this.#requests?.expectAllAnswered(this.#mayWait, this.#ledger?.describe());
    if (this.#checksLeases) this.#ledger?.expectAllReleased();
    for (const world of this.#quietWorlds) expectRootsReleased(world);
  }

  #checkInvariants(): void {
    if (this.#thrown !== undefined) throw this.#thrown.error;
    for (const { name, holds } of this.#invariants) {
      try {
        holds();
      } catch (error) {
        throw new InvariantError(name, this.guide.steps, error);
      }
    }
  }
}

/** A state that may not be was reached; `cause` says what is wrong with it. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  constructor(
    readonly invariant: string,
    readonly step: number,
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`after step ${step}, '${invariant}' does not hold: ${why}`, { cause });
  }
}
