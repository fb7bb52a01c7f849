import type { FileStatus, Files } from '@keelson/os/ports';
import type { Executor, Random } from '@keelson/process';
import { Future } from '@keelson/process';
import type { LocalLocation } from '../local-location.js';
import type { StorePaths } from '../paths.js';
import { StoreError } from '../store-error.js';
import type { ArchiveIndex, ArchiveLimits } from '../workers/index-archive.js';
import { ArchiveMembers } from './archive-members.js';

export interface OpenArchivesOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  /** Runs `store.index-archive`. */
  readonly executor: Executor;
  readonly random: Random;
  readonly limits: Partial<ArchiveLimits>;
}

/** An interest in an archive: until it is released, what was made of the archive stays. */
export interface ArchiveClaim {
  /** Tells this opening of the archive from any other. */
  readonly location: string;
  readonly opened: Future<ArchiveMembers>;
}

/**
 * The archives in use: each is indexed once, and unpacked once if it is packed, for all who want something of
 * it at the same time. A file that has changed is another archive.
 */
export class OpenArchives {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly options: OpenArchivesOptions) {}

  /** @throws StoreError ARCHIVE_INVALID  not a regular file */
  claim({ path, kind }: LocalLocation, status: FileStatus): ArchiveClaim {
    if (kind !== 'file') throw new StoreError('ARCHIVE_INVALID', `${path} is a ${kind}, no archive`);
    const { device, inode, sizeBytes, modifiedAtMs } = status;
    const location = `${path}#${device}-${inode}-${sizeBytes}-${modifiedAtMs}`;
    const entry = this.#entries.get(location) ?? this.#open(location, path);
    entry.claims += 1;
    return { location, opened: entry.opened.undiscardable() };
  }

  /** @throws StoreError ARCHIVE_INVALID  nobody holds a claim on it any more */
  of(location: string): Future<ArchiveMembers> {
    const entry = this.#entries.get(location);
    if (entry) return entry.opened.undiscardable();
    throw new StoreError('ARCHIVE_INVALID', `the archive ${location} is closed`);
  }

  isOpen(location: string): boolean {
    return this.#entries.has(location);
  }

  /** Gives back one claim. After the last what was made of the archive goes; answers when it is gone. */
  release(location: string): Future<void> {
    const entry = this.#entries.get(location);
    if (!entry || --entry.claims > 0) return Future.ready(undefined);
    this.#entries.delete(location);
    const { files } = this.options;
    entry.opened.discard();
    const remove = (): Future<void> =>
      files.remove(`${entry.area}/archive.tar`).then(() => files.removeDirectory(entry.area));
    // What cannot be deleted now is cleared with the rest of staging at the next start.
    return entry.opened.then(remove).repair(remove).repair(() => Future.ready(undefined));
  }

  #open(location: string, path: string): Entry {
    const { paths, executor, random, limits } = this.options;
    const area = paths.stagingArea(random.id('archive-'));
    const opened = executor
      .execute<ArchiveIndex>({
        name: 'store.index-archive',
        input: { path, plainPath: `${area}/archive.tar`, limits },
      })
      .then((index) => new ArchiveMembers(path, index));
    const entry = { claims: 0, opened, area };
    this.#entries.set(location, entry);
    return entry;
  }
}

interface Entry {
  claims: number;
  readonly opened: Future<ArchiveMembers>;
  readonly area: string;
}
