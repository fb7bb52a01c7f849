export type CliErrorCode = 'USAGE' | 'INTERRUPTED';

/**
 * Why a command could not do as asked, where nothing below it failed. Codes have rows in `docs/errors.md`.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly code: CliErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
