export type UnpackErrorCode =
  | 'DIFF_ID_MISMATCH'
  | 'DIGEST_MISMATCH'
  | 'LAYER_CORRUPT'
  | 'LAYER_LIMIT'
  | 'INVALID_ENTRY'
  | 'PATH_ESCAPES'
  | 'PATH_BLOCKED'
  | 'LINK_LOOP'
  | 'LINK_TARGET_MISSING';

/** Why a layer could not be unpacked. Codes are stable; each has a row in `docs/errors.md`. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
  constructor(
    readonly code: UnpackErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
