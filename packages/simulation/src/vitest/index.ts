import { expect, test as vitestTest } from 'vitest';
import type { SimulateOptions } from '../simulate/simulate.js';
import { simulateInTest } from './simulate-in-test.js';
import type { SimulationContext } from '../simulate/simulation-context.js';

/**
 * A test that runs `run` under many orders (and inputs, crashes and faults, where `options` has arbitraries
 * for them), and fails with the report of the simplest run that fails.
 *
 * A failure is saved; `KEELSON_REPLAY=FILE npx vitest run THE_TEST_FILE` runs it again.
 *
 * @example
 * test.simulated('loads each key once', { runs: 2_000 }, (context) => {
 *   const cache = context.runtime().spawn(new Cache(source));
 *   …
 *   context.settle();
 *   expect(source.loads).toEqual(['a']);
 * });
 */
export function simulated<Input = undefined>(
  name: string,
  options: SimulateOptions<Input>,
  run: (context: SimulationContext<Input>) => void,
): void {
  vitestTest(name, () => {
    const { testPath, currentTestName = name } = expect.getState();
    simulateInTest({ name: currentTestName, path: testPath ?? name, run }, options);
  });
}

/** Vitest's `test`, with {@link simulated} beside its own variants. */
export const test: typeof vitestTest & { readonly simulated: typeof simulated } = Object.assign(vitestTest, {
  simulated,
});
export { simulateInTest } from './simulate-in-test.js';
export type { TestScenario } from './simulate-in-test.js';
