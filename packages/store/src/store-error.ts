export type StoreErrorCode =
  | 'IMAGE_NOT_FOUND'
  | 'UNAUTHORIZED'
  | 'CREDENTIALS_INVALID'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_ERROR'
  | 'DIGEST_MISMATCH'
  | 'SIZE_MISMATCH'
  | 'PLATFORM_NOT_FOUND'
  | 'SOURCE_UNSUPPORTED'
  | 'INVALID_MANIFEST'
  | 'LAYOUT_INVALID'
  | 'ARCHIVE_INVALID'
  | 'SELECTION_NEEDED'
  | 'NAME_TAKEN'
  | 'PLAN_STALE'
  | 'LIMIT_EXCEEDED'
  | 'NOT_RECOVERED'
  | 'STORE_UNUSABLE';

/** Why the store could not do as asked. Codes are stable; each has a row in `docs/errors.md`. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The `code` an error carries, whoever raised it; `undefined` for a bug. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
