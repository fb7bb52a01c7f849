import type { Diagnosis } from './diagnosis.js';
import { traceTable } from './trace-table.js';

/** Where a failure came from and where it went to. */
export interface FailureOrigin {
  readonly scenario: string;
  readonly runs?: number;
  /** Of fast-check: with both, the search begins where it failed. */
  readonly seed?: number;
  readonly path?: string;
  /** The file it was saved to. */
  readonly file?: string;
  /** The test file the scenario lives in: only a test runner can run it again. */
  readonly testFile?: string;
}

/** The environment variable that names the failure a test file is to run again. */
export const replayVariable = 'KEELSON_REPLAY';

/** A scenario failed. The message is the whole report; `cause` is what the scenario threw. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';

  constructor(
    readonly diagnosis: Diagnosis,
    readonly origin: FailureOrigin,
  ) {
    super(report(diagnosis, origin), { cause: diagnosis.error });
  }
}

/** The report of a failure, for a person. */
export function report(diagnosis: Diagnosis, origin: FailureOrigin): string {
  return [
    headline(origin),
    `  ${diagnosis.error.name}: ${diagnosis.error.message}`,
    ...planLines(diagnosis),
    raceLine(diagnosis),
    '',
    traceTable(diagnosis.trace),
    ...savedLines(origin),
  ].join('\n');
}

function headline({ scenario, runs, seed, path }: FailureOrigin): string {
  const after = runs === undefined ? '' : ` after ${runs} ${runs === 1 ? 'run' : 'runs'}`;
  const again = seed === undefined ? '' : ` (seed ${seed}${path === undefined ? '' : `, path "${path}"`})`;
  return `scenario '${scenario}' fails${after}${again}`;
}

function planLines({ plan, choices, choiceCount }: Diagnosis): string[] {
  const lines = plan.input === undefined ? [] : [`input: ${JSON.stringify(plan.input)}`];
  const { crash, faults = [] } = plan;
  if (crash) lines.push(`the power goes before step ${crash.step}; disk: ${crash.fates.join(', ') || 'all kept'}`);
  const failing = faults.map(({ call, errno }) => `${errno} at call ${call}`);
  if (failing.length > 0) lines.push(`faults: ${failing.join(', ')}`);
  const order = `order: [${plan.order.join(', ')}]`;
  lines.push(`${order}; ${choices.length} of ${choiceCount} choices are not first-in-first-out`);
  for (const { step, chosen, oldest, index, among } of choices) {
    lines.push(`  step ${step}: ${chosen} runs before ${oldest} (${index} of ${among})`);
  }
  return lines;
}

function raceLine({ race }: Diagnosis): string {
  if (race === undefined) return 'no race: it fails in first-in-first-out order';
  const pair = `race: ${race.first} before ${race.second}, at step ${race.step}`;
  return race.decisive ? `${pair}; the other way round it passes` : `${pair}; no single choice decides it`;
}

function savedLines({ file, testFile }: FailureOrigin): string[] {
  if (file === undefined) return [];
  const ofTest = `${replayVariable}=${file} npx vitest run ${testFile}`;
  return ['', `saved; run it again with: ${testFile === undefined ? `npx keelson-simulate replay ${file}` : ofTest}`];
}
