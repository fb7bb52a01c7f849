import type { SimulationContext } from './simulation-context.js';

/**
 * A program to be run under many orders: it builds everything anew, runs it, and throws where something is
 * wrong.
 */
export interface Scenario<Input = undefined> {
  /** How it is called in reports; one of its kind in its module. */
  readonly name: string;
  /** `import.meta.url` of the module that exports it: a saved failure finds it there again. */
  readonly module: string;
  /** Must be deterministic but for the context, and must not keep anything between runs. */
  readonly run: (context: SimulationContext<Input>) => void;
}

/**
 * Names a scenario, so that a failure of it can be saved to a file and replayed. Export what this answers
 * from a module that runs nothing when it is imported (not from a test file).
 *
 * @example
 * export const twoReaders = defineScenario({
 *   name: 'two readers',
 *   module: import.meta.url,
 *   run(context) {
 *     const cache = context.runtime().spawn(new Cache());
 *     context.watch('first', cache.get('a'));
 *     context.settle();
 *   },
 * });
 */
export function defineScenario<Input = undefined>(scenario: Scenario<Input>): Scenario<Input> {
  return scenario;
}

/** Whether a module's export is a scenario, as far as can be seen. */
export function isScenario(value: unknown): value is Scenario<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const { name, module, run } = value as Partial<Scenario>;
  return typeof name === 'string' && typeof module === 'string' && typeof run === 'function';
}
