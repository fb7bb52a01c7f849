import fc from 'fast-check';
import type { SimulationProperty } from './property.js';

/** How a property fared. */
export interface Outcome {
  readonly name: string;
  readonly runs: number;
  readonly elapsedMs: number;
  /** Set when it broke: what was shrunk, from what, and why. */
  readonly broken?: { readonly input: unknown; readonly seed: number; readonly path: string; readonly why: string };
}

export interface RunOptions {
  readonly runs: number;
  readonly seed: number;
  /** False leaves the first failing input as it is, which is much faster. Default true. */
  readonly shrink?: boolean;
  /** Stop after this many milliseconds. */
  readonly withinMs?: number;
}

/** Runs one property on inputs of one seed. */
export function runProperty(property: SimulationProperty, options: RunOptions): Outcome {
  const { runs, seed, shrink = true, withinMs } = options;
  const startedAtMs = performance.now();
  const details = fc.check(fc.property(property.inputs(), property.run), {
    numRuns: runs,
    seed,
    endOnFailure: !shrink,
    ...(withinMs !== undefined && { interruptAfterTimeLimit: withinMs }),
  });
  const outcome = { name: property.name, runs: details.numRuns, elapsedMs: performance.now() - startedAtMs };
  if (!details.failed) return outcome;
  const [input] = details.counterexample ?? [];
  const error = details.errorInstance;
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { ...outcome, broken: { input, seed: details.seed, path: details.counterexamplePath ?? '', why } };
}
