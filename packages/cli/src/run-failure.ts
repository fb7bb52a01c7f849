import { describeFailure } from './failure.js';

/** `run` failed before there was an exit status: carries the one the command ends with. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
  readonly code: string;
  constructor(
    cause: unknown,
    readonly exitCode: number,
  ) {
    const { code, message } = describeFailure(cause);
    super(message, { cause });
    this.code = code;
  }
}
