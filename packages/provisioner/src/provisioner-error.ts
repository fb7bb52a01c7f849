import type { Future } from '@keelson/process';

/** What went wrong; stable, for programs. */
export type ProvisionerErrorCode =
  | 'NOT_RECOVERED'
  | 'INVALID_CONTAINER_ID'
  | 'UNSUPPORTED_IMAGE_TYPE'
  | 'BACKEND_NOT_SUPPORTED'
  | 'BACKEND_UNSUITABLE'
  | 'CONTAINER_DESTROYING'
  | 'CHECKPOINT_FAILED'
  | 'PROVISION_FAILED'
  | 'DESTROY_FAILED'
  | 'INVENTORY_INCOMPLETE'
  | 'CONTAINERS_UNREADABLE';

/**
 * Why the provisioner or a backend could not do as asked. Codes are stable; each has a row in
 * `docs/errors.md`.
 */
export class ProvisionerError extends Error {
  override readonly name = 'ProvisionerError';
  constructor(
    readonly code: ProvisionerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * For `repair`: fails with `code`, saying what was attempted and why it failed.
 *
 * @example files.remove(path).repair(cannot('DESTROY_FAILED', `remove '${path}'`));
 */
export function cannot(code: ProvisionerErrorCode, attempt: string): (failed: Future<unknown>) => never {
  return (failed) => {
    const cause = failed.failure();
    throw new ProvisionerError(code, `Cannot ${attempt}: ${reasonOf(cause)}`, { cause });
  };
}

/** What a failure says, for a sentence of our own: `ENOSPC: no space left on device`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as Error & { code?: unknown };
  return typeof code === 'string' && !message.startsWith(code) ? `${code}: ${message}` : message;
}

/** Something is mounted or at work there: it goes by itself later, and is no reason to fail. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EBUSY';
}
