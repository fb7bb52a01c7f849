import type { MountEntry, Mounts, OverlayMount } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { Future } from '@keelson/process';

type BindMount = Parameters<Mounts['mountBind']>[0];

/** A mount table in memory. */
export class FakeMounts implements Mounts {
  readonly table: MountEntry[] = [];
  readonly overlays: OverlayMount[] = [];
  readonly binds: BindMount[] = [];
  types: string[] = ['ext4', 'overlay'];
  fileSystem = { type: 'ext4', entryTypes: true };
  /** Errno name with which every mount fails. */
  failure: string | undefined;

  mountOverlay(mount: OverlayMount): Future<void> {
    if (this.failure) return Future.failed(new FileError(this.failure, 'mount', mount.target, 'no mounting here'));
    this.overlays.push(mount);
    this.#add(mount.target, 'overlay');
    return Future.ready(undefined);
  }

  mountBind(mount: BindMount): Future<void> {
    if (this.failure) return Future.failed(new FileError(this.failure, 'mount', mount.target, 'no mounting here'));
    this.binds.push(mount);
    this.#add(mount.target, 'bind');
    return Future.ready(undefined);
  }

  unmount(target: string, { lazy = false } = {}): Future<void> {
    const index = this.table.findLastIndex((entry) => entry.target === target);
    if (index < 0) return Future.failed(new FileError('EINVAL', 'umount', target, 'nothing is mounted there'));
    if (!lazy) return Future.failed(new FileError('EBUSY', 'umount', target, 'somebody is in there'));
    this.table.splice(index, 1);
    return Future.ready(undefined);
  }

  detach(target: string): Future<number> {
    const standing = this.table.filter((entry) => entry.target !== target);
    const detached = this.table.length - standing.length;
    this.table.splice(0, Infinity, ...standing);
    return Future.ready(detached);
  }

  list(): Future<readonly MountEntry[]> {
    return Future.ready([...this.table]);
  }

  fileSystemTypes(): Future<readonly string[]> {
    return Future.ready(this.types);
  }

  probe(): Future<{ type: string; entryTypes: boolean }> {
    return Future.ready(this.fileSystem);
  }

  #add(target: string, type: string): void {
    this.table.push({ id: this.table.length, target, type, source: type, options: '' });
  }
}
