import type { FailureFile } from './failure-file.js';
import { moduleOf, readFailure, ReplayError } from './failure-file.js';
import { diagnose } from './diagnosis.js';
import { runPlan } from './run-plan.js';
import type { Scenario } from './scenario.js';
import { isScenario } from './scenario.js';
import { report } from './simulation-error.js';

/** What came of running a saved failure again. */
export interface Replay {
  /** `different`: it fails, but not with the same kind of error. */
  readonly outcome: 'fails' | 'different' | 'passes';
  readonly report: string;
}

/**
 * Runs a saved failure again, on the program as it is now.
 *
 * @param load    imports a module; the default is `import`
 * @throws ReplayError    the file or its scenario cannot be had
 */
export async function replay(
  path: string,
  load: (module: URL) => Promise<Record<string, unknown>> = (module) => import(module.href),
): Promise<Replay> {
  const file = readFailure(path);
  const scenario = await scenarioOf(path, file, load);
  const { maxSteps, plan } = file;
  const again = diagnose(scenario, plan, { maxSteps });
  if (again === undefined) {
    const { steps } = runPlan(scenario, plan, { maxSteps });
    return { outcome: 'passes', report: `scenario '${scenario.name}' passes now, in ${steps} steps` };
  }
  const { seed, path: failurePath } = file.fastCheck;
  const origin = { ...(seed !== undefined && { seed }), ...(failurePath !== undefined && { path: failurePath }) };
  return {
    outcome: again.error.name === file.error.name ? 'fails' : 'different',
    report: report(again, { scenario: scenario.name, ...origin }),
  };
}

async function scenarioOf(
  path: string,
  file: FailureFile,
  load: (module: URL) => Promise<Record<string, unknown>>,
): Promise<Scenario<unknown>> {
  const module = moduleOf(path, file);
  const { name } = file.scenario;
  const exported = Object.values(await load(module)).filter((value) => isScenario(value));
  const found = exported.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const others = exported.map((scenario) => `'${scenario.name}'`).join(', ') || 'none';
  throw new ReplayError(`${module.pathname} exports no scenario called '${name}' (it has: ${others})`);
}
