import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Diagnosis } from './diagnosis.js';
import type { GuidedChoice } from './guided-dispatcher.js';
import type { Plan } from './plan.js';
import type { RacingPair } from './racing-pair.js';
import type { Scenario } from './scenario.js';
import type { FailureOrigin } from './simulation-error.js';
import type { RecordedTrace } from './trace-recorder.js';

/** Version of {@link FailureFile}; a reader refuses what it does not know. */
export const FAILURE_FILE_VERSION = 1;

/** A failure as it is saved: all it takes to run it again, and the trace for those who look. */
export interface FailureFile {
  readonly kind: 'keelson-simulation-failure';
  readonly version: typeof FAILURE_FILE_VERSION;
  /** `module` is relative to the file; one of its exports is a scenario of that name. */
  readonly scenario: { readonly name: string; readonly module: string };
  readonly plan: Plan;
  readonly maxSteps: number;
  readonly error: { readonly name: string; readonly message: string };
  readonly race: RacingPair | undefined;
  readonly choices: readonly GuidedChoice[];
  readonly fastCheck: { readonly seed?: number | undefined; readonly path?: string | undefined };
  readonly trace: readonly RecordedTrace[];
}

/** A file that cannot be replayed: unreadable, of an unknown version, or its scenario is gone. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

/**
 * Saves a failure below `folder` and answers the path. The name comes of the scenario and the plan, so that
 * the same failure found twice is one file.
 */
export function saveFailure(
  folder: string,
  scenario: Pick<Scenario<never>, 'name' | 'module'>,
  diagnosis: Diagnosis,
  options: { readonly maxSteps: number; readonly origin: FailureOrigin },
): string {
  const { plan, error, race, choices, trace } = diagnosis;
  const slug = scenario.name.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 60);
  const hash = createHash('sha256').update(JSON.stringify([scenario.name, plan])).digest('hex').slice(0, 8);
  const path = resolve(folder, `${slug}-${hash}.json`);
  const file: FailureFile = {
    kind: 'keelson-simulation-failure',
    version: FAILURE_FILE_VERSION,
    scenario: { name: scenario.name, module: relative(dirname(path), fileURLToPath(scenario.module)) },
    plan,
    maxSteps: options.maxSteps,
    error: { name: error.name, message: error.message },
    race,
    choices,
    fastCheck: { seed: options.origin.seed, path: options.origin.path },
    trace,
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(file, undefined, 1)}\n`);
  return relative(process.cwd(), path);
}

/** @throws ReplayError    it is no failure file, or one of another version */
export function readFailure(path: string): FailureFile {
  let file: Partial<FailureFile>;
  try {
    file = JSON.parse(readFileSync(path, 'utf8')) as Partial<FailureFile>;
  } catch (error) {
    throw new ReplayError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  if (file.kind !== 'keelson-simulation-failure') throw new ReplayError(`${path} is not a saved failure`);
  if (file.version !== FAILURE_FILE_VERSION) {
    const found = String(file.version as unknown);
    throw new ReplayError(`${path} is of version ${found}; this reads version ${FAILURE_FILE_VERSION}`);
  }
  return file as FailureFile;
}

/** Where the scenario of a failure file is to be imported from. */
export function moduleOf(path: string, file: FailureFile): URL {
  return pathToFileURL(resolve(dirname(path), file.scenario.module));
}
