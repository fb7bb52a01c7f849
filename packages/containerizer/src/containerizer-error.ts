import type { PruneReport } from '@keelson/store';

export type ContainerizerErrorCode =
  | 'NO_SUCH_CONTAINER'
  | 'CONTAINER_INVALID'
  | 'CONTAINER_RUNNING'
  | 'CONTAINER_DESTROYED'
  | 'CONTAINER_CONFIG_UNKNOWN'
  | 'PARENT_UNUSABLE'
  | 'IMAGE_UNSAFE'
  | 'MOUNT_REFUSED'
  | 'USER_UNKNOWN'
  | 'COMMAND_MISSING'
  | 'COMMAND_NOT_FOUND'
  | 'COMMAND_NOT_EXECUTABLE'
  | 'NO_LAUNCHER'
  | 'LAUNCH_FAILED'
  | 'CHECKPOINT_FAILED'
  | 'DESTROY_FAILED'
  | 'RECOVERING'
  | 'PRUNE_PARTIAL'
  | 'ENGINE_UNREACHABLE'
  | 'ENGINE_TIMEOUT'
  | 'ENGINE_ERROR'
  | 'ENGINE_PULL_FAILED'
  | 'IMAGE_NOT_FOUND'
  | 'NAME_CONFLICT'
  | 'UNSUPPORTED';

/** One part of a prune that went wrong: who it was, and why. */
export interface PruneFailure {
  readonly who: string;
  readonly code: string;
  readonly message: string;
}

/** What PRUNE_PARTIAL carries: the joined report of those that did prune, and what failed. */
export interface PartialPrune {
  readonly report: PruneReport;
  readonly failures: readonly PruneFailure[];
}

/** Why a containerizer could not do as asked. Codes are stable; each has a row in `docs/errors.md`. */
export class ContainerizerError extends Error {
  override readonly name = 'ContainerizerError';
  /** Only with PRUNE_PARTIAL. */
  readonly partial?: PartialPrune;

  constructor(
    readonly code: ContainerizerErrorCode,
    message: string,
    options?: ErrorOptions & { readonly partial?: PartialPrune },
  ) {
    super(message, options);
    if (options?.partial) this.partial = options.partial;
  }
}

/** The `code` of any coded error of this system, `INTERNAL` for anything else. */
export function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'INTERNAL';
}

/** What went wrong, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The exit status `run` ends with when a launch failed: 127 for a missing command, 126 for one that
 * cannot be executed, 125 for everything that is our own failure. The numbers are those of docker, podman
 * and POSIX `env`.
 */
export function exitStatusOfFailure(error: unknown): 125 | 126 | 127 {
  const code = codeOf(error);
  if (code === 'COMMAND_NOT_FOUND') return 127;
  return code === 'COMMAND_NOT_EXECUTABLE' ? 126 : 125;
}
