import { readFile } from 'node:fs/promises';
import { type Executor, Future } from '@keelson/process';
import { toFileError } from './file-error.js';
import { parseMountInfo } from './mountinfo.js';
import { FileError } from './ports/files.js';
import { JobError } from './ports/job-error.js';
import type { MountEntry, Mounts, OverlayMount } from './ports/mounts.js';

export interface LocalMountsOptions {
  /** Where mounts are made. One that is not also kept busy by unpacking answers sooner. */
  readonly executor: Executor;
}

/** Mounts of this machine, in the mount namespace of this process. */
export class LocalMounts implements Mounts {
  readonly #executor: Executor;

  constructor({ executor }: LocalMountsOptions) {
    this.#executor = executor;
  }

  mountOverlay(mount: OverlayMount): Future<void> {
    return this.#execute('os.mount-overlay', mount, mount.target);
  }

  mountBind(mount: {
    source: string;
    target: string;
    readOnly?: boolean;
    recursive?: boolean;
  }): Future<void> {
    return this.#execute('os.mount-bind', mount, mount.target);
  }

  unmount(target: string, options: { lazy?: boolean } = {}): Future<void> {
    return this.#execute('os.unmount', { target, ...options }, target);
  }

  detach(target: string): Future<number> {
    return this.#execute('os.detach-mounts', { target }, target);
  }

  list(): Future<readonly MountEntry[]> {
    return readProc('/proc/self/mountinfo').then(parseMountInfo);
  }

  fileSystemTypes(): Future<readonly string[]> {
    return readProc('/proc/filesystems').then(parseFileSystemTypes);
  }

  probe(path: string): Future<{ readonly type: string; readonly entryTypes: boolean }> {
    return this.#execute('os.probe-directory', { path }, path);
  }

  #execute<R>(name: string, input: unknown, path: string): Future<R> {
    return this.#executor.execute<R>({ name, input }).repair((failed) => {
      throw asFileError(failed.failure(), name, path);
    });
  }
}

/** Each line is `nodev<TAB>type` or `<TAB>type`. */
function parseFileSystemTypes(text: string): string[] {
  return text.split('\n').flatMap((line) => line.split('\t')[1] ?? []);
}

function readProc(path: string): Future<string> {
  return Future.from(
    readFile(path, 'utf8').catch((error: unknown) => {
      throw toFileError(error, 'read', path);
    }),
  );
}

/**
 * What a job threw as FileError came over as JobError; failures of the executor itself stay what they are.
 */
function asFileError(error: Error, syscall: string, path: string): Error {
  if (!(error instanceof JobError) || error.details['syscall'] === undefined) return error;
  const { syscall: failed = syscall, path: at = path } = error.details;
  return new FileError(error.code, String(failed), String(at), error.message, { cause: error });
}
