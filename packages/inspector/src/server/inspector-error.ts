export type InspectorErrorCode = 'INSPECTOR_UNUSABLE' | 'PAGE_NOT_BUILT';

/** Why the inspector could not do as asked. Codes are stable; each has a row in `docs/errors.md`. */
export class InspectorError extends Error {
  override readonly name = 'InspectorError';
  constructor(
    readonly code: InspectorErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
