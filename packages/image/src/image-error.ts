export type ImageErrorCode =
  | 'INVALID_DIGEST'
  | 'INVALID_REFERENCE'
  | 'INVALID_PLATFORM'
  | 'INVALID_MANIFEST'
  | 'INVALID_CONFIG'
  | 'MEDIA_TYPE_MISMATCH'
  | 'SCHEMA1_UNSUPPORTED'
  | 'NOT_AN_IMAGE'
  | 'UNSUPPORTED_LAYER'
  | 'NO_LAYERS'
  | 'NO_MATCHING_PLATFORM'
  | 'INVALID_WHITEOUT'
  | 'TAR_INVALID'
  | 'TAR_TRUNCATED'
  | 'TAR_UNSUPPORTED'
  | 'TAR_LIMIT';

/** Why a piece of image data was refused. Codes are stable; each has a row in `docs/errors.md`. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  constructor(
    readonly code: ImageErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
