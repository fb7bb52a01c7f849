import type fc from 'fast-check';

/** A law of the whole: inputs, and a function that throws where one breaks it. Knows no test framework. */
export interface SimulationProperty<T = unknown> {
  /** Begins with the number of the law, for example `P1 …`. */
  readonly name: string;
  readonly inputs: () => fc.Arbitrary<T>;
  readonly run: (input: T) => void;
  /** Runs in one go of the test suite; default 110. */
  readonly runs?: number;
}

export function property<T>(definition: SimulationProperty<T>): SimulationProperty {
  return definition as unknown as SimulationProperty;
}
