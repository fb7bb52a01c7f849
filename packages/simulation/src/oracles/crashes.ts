import type { Observer, Runtime, TraceRecord } from '@keelson/process';

/** A process crashed, or a callback threw: a bug that no future tells of. */
export class CrashedError extends Error {
  override readonly name = 'CrashedError';

  /** @param crashes  what crashed and why, as far as the run was watched */
  constructor(readonly crashes: readonly string[]) {
    super(`something crashed: ${crashes.join('; ')}`);
  }
}

/** Notes which processes crash, and why. */
export class CrashNotes implements Observer {
  readonly #notes: string[] = [];

  get notes(): readonly string[] {
    return this.#notes;
  }

  record(trace: TraceRecord): void {
    if (trace.kind === 'exited' && trace.reason !== undefined) {
      this.#notes.push(`${trace.process}: ${trace.reason.message}`);
    }
  }
}

/** @throws CrashedError    a process of one of the runtimes crashed, or an on… callback threw in one */
export function expectNoCrash(runtimes: readonly Runtime[], notes: CrashNotes | undefined): void {
  const crashes = runtimes.reduce((sum, runtime) => sum + runtime.counters().crashes, 0);
  const callbacks = runtimes.flatMap((runtime) => runtime.failures.callbackErrors.errors);
  if (crashes === 0 && callbacks.length === 0) return;
  const known = notes?.notes ?? [];
  const unknown = crashes > known.length ? [`${crashes - known.length} processes`] : [];
  throw new CrashedError([...known, ...unknown, ...callbacks.map((error) => `a callback: ${error.message}`)]);
}
