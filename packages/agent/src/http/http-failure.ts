/** A request that is refused, with the status and the text it gets. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';

  /** @param code  of the failure behind it, as `docs/errors.md` has it; else one that says what the status says */
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    readonly code: string = codeOfStatus[status] ?? 'INTERNAL',
  ) {
    super(message);
  }
}

const codeOfStatus: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  501: 'NOT_IMPLEMENTED',
  503: 'UNAVAILABLE',
};
