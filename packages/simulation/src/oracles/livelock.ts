/** A run did not come to rest within its bound of steps. */
export class LivelockError extends Error {
  override readonly name = 'LivelockError';
  /** How many of the last steps are told. */
  static readonly shown = 24;

  /** @param recent  labels of the last steps, in order */
  constructor(
    readonly maxSteps: number,
    readonly recent: readonly string[],
  ) {
    super(`not at rest after ${maxSteps} steps; the last were: ${recent.slice(-LivelockError.shown).join(', ')}`);
  }
}
