import * as fc from 'fast-check';
import type { CrashFate } from './files/simulated-disk.js';
import { crashWindow } from './files/simulated-disk.js';

export interface RunOrderOptions {
  /** The longest decision vector; default 200. Past its end the order is FIFO. */
  readonly maxChoices?: number;
}

/**
 * An order to run a scenario in, as the vector of a `DecisionVector`.
 *
 * It shrinks towards FIFO: fewer choices, and those left towards 0, so what remains of a failing order is the
 * choice that matters.
 */
export function runOrder(options: RunOrderOptions = {}): fc.Arbitrary<number[]> {
  const maxLength = options.maxChoices ?? 200;
  const choice = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(7) });
  return fc.array(choice, { maxLength, size: 'max' });
}

/** Where a run is cut by a crash, and what the power cut did to the disk. */
export interface CrashPoint {
  /** The crash comes before this step of the run. */
  readonly step: number;
  /** For the newest unsynced changes, oldest first: see `SimulatedDisk.afterCrash`. */
  readonly fates: readonly CrashFate[];
}

/**
 * A crash before any of the first `maxStep` steps (default 500); shrinks towards an early one that loses
 * nothing.
 */
export function crashPoint(options: { maxStep?: number } = {}): fc.Arbitrary<CrashPoint> {
  return fc.record({
    step: fc.nat(options.maxStep ?? 500),
    fates: fc.array(fc.constantFrom<CrashFate>('kept', 'lost', 'torn'), { maxLength: crashWindow }),
  });
}

/** One fault: the n-th disk call of the run fails with this errno. */
export interface Fault {
  readonly call: number;
  readonly errno: string;
}

/** Disk calls that fail; shrinks towards none. */
export function faults(
  options: { maxCall?: number; maxFaults?: number; errnos?: readonly string[] } = {},
): fc.Arbitrary<Fault[]> {
  const errnos = options.errnos ?? ['ENOSPC', 'EIO', 'EMFILE', 'EACCES'];
  return fc.array(fc.record({ call: fc.nat(options.maxCall ?? 300), errno: fc.constantFrom(...errnos) }), {
    maxLength: options.maxFaults ?? 3,
  });
}

/** One fault of a job: the n-th step of all jobs of the run aborts its job there, with this errno. */
export interface JobFault {
  readonly step: number;
  readonly errno: string;
}

/** Jobs that are aborted half way, their partial work left as it is; shrinks towards none. */
export function jobFaults(
  options: { maxStep?: number; maxFaults?: number; errnos?: readonly string[] } = {},
): fc.Arbitrary<JobFault[]> {
  const errnos = options.errnos ?? ['ENOSPC', 'EIO', 'EMFILE', 'EACCES'];
  return fc.array(fc.record({ step: fc.nat(options.maxStep ?? 60), errno: fc.constantFrom(...errnos) }), {
    maxLength: options.maxFaults ?? 2,
  });
}
