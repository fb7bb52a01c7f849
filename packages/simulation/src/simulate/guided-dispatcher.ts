import type { Dispatcher, ReadyItem } from '@keelson/process';
import { LivelockError } from '../oracles/livelock.js';
import { PowerCut } from '../power-cut.js';

/** One choice among several ready items, with what first-in-first-out would have run instead. */
export interface GuidedChoice {
  /** Its place among the choices of the run, and in a decision vector. */
  readonly position: number;
  /** The step of the run it decided, counted from 1. */
  readonly step: number;
  readonly index: number;
  readonly among: number;
  readonly chosen: string;
  readonly oldest: string;
}

export interface GuidedDispatcherOptions {
  readonly maxSteps: number;
  readonly crashStep?: number | undefined;
  /** Called between steps; what it throws ends the run. */
  readonly betweenSteps: () => void;
  /** Whether choices are kept: a run that goes well needs none. */
  readonly recording: boolean;
}

/**
 * Drives a run: asks the strategy, looks at invariants between steps, and ends what does not end by itself.
 */
export class GuidedDispatcher implements Dispatcher {
  readonly choices: GuidedChoice[] = [];
  readonly #recent: string[] = [];
  #steps = 0;
  #position = 0;
  #hasPower = true;

  constructor(
    private readonly strategy: Dispatcher,
    private readonly options: GuidedDispatcherOptions,
  ) {}

  /** Steps so far, over all lives of the program. */
  get steps(): number {
    return this.#steps;
  }

  /** Whether the power went in this run. */
  get wasCut(): boolean {
    return !this.#hasPower;
  }

  next(ready: readonly ReadyItem[]): number {
    const { maxSteps, crashStep, betweenSteps, recording } = this.options;
    if (this.#steps > 0) betweenSteps();
    if (this.#steps === crashStep && this.#hasPower) {
      this.#hasPower = false;
      throw new PowerCut(crashStep);
    }
    if (this.#steps >= maxSteps) throw new LivelockError(maxSteps, this.#recent);
    this.#steps += 1;
    const index = this.strategy.next(ready);
    if (recording) this.#record(ready, index);
    else if (this.#steps > maxSteps - LivelockError.shown) this.#recent.push(labelOf(ready[index]));
    return index;
  }

  #record(ready: readonly ReadyItem[], index: number): void {
    const chosen = labelOf(ready[index]);
    if (this.#steps > this.options.maxSteps - LivelockError.shown) this.#recent.push(chosen);
    if (ready.length === 1) return;
    const [position, step, among] = [this.#position, this.#steps, ready.length];
    this.choices.push({ position, step, index, among, chosen, oldest: labelOf(ready[0]) });
    this.#position += 1;
  }
}

/** A ready item in a few words: `store.get`, or the label alone where it concerns no process. */
export function labelOf(item: ReadyItem | undefined): string {
  if (item === undefined) return '(nothing)';
  const { process, label } = item;
  return process === undefined || process === '' ? label : `${process}.${label}`;
}
