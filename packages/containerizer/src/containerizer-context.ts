import type { Files, Host } from '@keelson/os/ports';
import type { Executor, Future, PID, Unwrap } from '@keelson/process';
import type { Provisioner } from '@keelson/provisioner';
import type { RecordFormat } from '@keelson/store';
import { decodeRecord, encodeRecord } from '@keelson/store';
import type { InspectionEvent } from 'xstate';
import type { NamedLauncher } from './choose-launcher.js';
import type { ContainerPaths } from './container-paths.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';
import type { IsolatorRequests } from './isolator.js';
import type { Logger } from './logger.js';

/** What a containerizer asks of the provisioner. */
export type ProvisionerRequests = Pick<
  PID<Provisioner>,
  'provision' | 'restore' | 'destroy' | 'pruneImages' | 'recover'
>;

export interface MesosContainerizerOptions {
  readonly paths: ContainerPaths;
  readonly files: Files;
  readonly host: Host;
  /** Runs `os.remove-tree`. */
  readonly executor: Executor;
  readonly provisioner: ProvisionerRequests;
  /** In the order in which they are tried. */
  readonly launchers: readonly NamedLauncher[];
  /** In the order in which they prepare; they clean up in reverse. */
  readonly isolators?: readonly IsolatorRequests[];
  readonly logger?: Logger;
  /** Told every transition of every container's machine. */
  readonly inspect?: (event: InspectionEvent) => void;
}

/** What the parts of the containerizer work with. */
export interface ContainerizerContext extends MesosContainerizerOptions {
  readonly isolators: readonly IsolatorRequests[];
  readonly logger: Logger;
  /** Makes a continuation run in the containerizer's own turn, where containers may be touched. */
  readonly turn: <A extends unknown[], R>(f: (...args: A) => R) => (...args: A) => Future<Unwrap<R>>;
}

/**
 * Puts a record on disk before anything that relies on it happens.
 *
 * @throws ContainerizerError CHECKPOINT_FAILED
 */
export function checkpoint<T>(files: Files, path: string, format: RecordFormat<T>, value: T): Future<void> {
  return files.writeDurably(path, encodeRecord(format, value), { mode: 0o600 }).repair((written) => {
    const error = written.failure();
    throw new ContainerizerError('CHECKPOINT_FAILED', `Cannot write '${path}': ${messageOf(error)}`, {
      cause: error,
    });
  });
}

/** A record that is done without where it is missing or cannot be read. */
export function readRecord<T>(files: Files, path: string, format: RecordFormat<T>): Future<T | undefined> {
  return files
    .read(path, { maxBytes: 65_536 })
    .then((bytes): T | undefined => {
      const decoded = decodeRecord(format, bytes);
      return decoded.ok ? decoded.value : undefined;
    })
    .repair(() => undefined);
}
