/** What JSON can hold. */
export type Plain = null | boolean | number | string | readonly Plain[] | PlainObject;

/** An object of plain values. */
export interface PlainObject {
  readonly [key: string]: Plain;
}

/** An error as it is shown: never its stack, which names files of the machine. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

/** The state of a state machine: the name of a state, or for nested and parallel ones an object of states. */
export type StateValue = string | { readonly [region: string]: StateValue };
