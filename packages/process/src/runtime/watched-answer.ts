import type { FutureCore, Watcher } from '../future/future-core.js';
import { DISCARDED, FAILED, OBSERVED, READY, STATE } from '../future/future-core.js';
import { watch } from '../future/settlement.js';
import { reportUnobserved } from '../future/unobserved.js';
import type { Runtime } from './runtime.js';
import type { SettledRecord } from './trace-record.js';

/** What every record about one event begins with. */
type About = () => Omit<SettledRecord, 'kind' | 'outcome' | 'error'>;

/** Tells the observers what becomes of a pending answer. Looking at it does not count as somebody's interest. */
export function followAnswer(runtime: Runtime, answer: FutureCore<unknown>, about: About): void {
  const observed = answer.bits & OBSERVED;
  watch(answer, new AnswerWatcher(runtime, about));
  if (!observed) answer.bits &= ~OBSERVED;
}

class AnswerWatcher implements Watcher {
  constructor(
    private readonly runtime: Runtime,
    private readonly about: About,
  ) {}

  settled(answer: FutureCore<unknown>): void {
    const state = answer.bits & STATE;
    const outcome = state === READY ? 'ready' : state === DISCARDED ? 'discarded' : 'failed';
    // It was not counted when it failed, because this watcher was there.
    if (state === FAILED && !(answer.bits & OBSERVED)) reportUnobserved(answer);
    const error = state === FAILED ? (answer.value as Error) : undefined;
    this.runtime.observe(() => ({ ...this.about(), kind: 'settled', outcome, ...(error && { error }) }));
  }

  abandoned(): void {
    this.runtime.observe(() => ({ ...this.about(), kind: 'settled', outcome: 'abandoned' }));
  }
}
