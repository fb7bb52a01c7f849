import type { DiskChange, DiskNode, DiskState, Inode } from './disk-state.js';
import { applyChange, applyDurableRename, dropUnreachable, emptyDisk, rootInode } from './disk-state.js';

/** How many of the newest changes a power cut may lose; older ones have reached the platter by themselves. */
export const crashWindow = 8;

/** What a power cut does to the changes of the window, newest last: each is kept, lost, or (a write) torn. */
export type CrashFate = 'kept' | 'lost' | 'torn';

/**
 * A disk that remembers what was made durable.
 *
 * The model is ext4-like and a little harsher: data of a file is durable after `syncFile`, names of a
 * directory after `syncDirectory`, everything after `syncAll`. Of what is not, the last {@link crashWindow}
 * changes may each be kept, lost or (writes) torn, in any combination; a rename is one change. Two states are
 * kept: `now`, what programs see, and the durable one; `pending` is the difference, in order.
 */
export class SimulatedDisk {
  #now: DiskState = emptyDisk();
  #durable: DiskState = emptyDisk();
  #pending: DiskChange[] = [];
  #changes = 0;
  #nextInode: Inode = rootInode + 1;

  /** The file, directory or link of that number as programs see it. */
  node(inode: Inode): DiskNode | undefined {
    return this.#now.get(inode);
  }

  /** Changes a power cut may still undo, oldest first. */
  get pending(): readonly DiskChange[] {
    return this.#pending;
  }

  /** How many changes programs have made: as long as it stands still, so does what they see. */
  get changes(): number {
    return this.#changes;
  }

  /** Grows with every file ever made, and no crash takes it back. */
  get nextInode(): Inode {
    return this.#nextInode;
  }

  /** Makes a new file, directory or link under `name`, which must be free. */
  create(directory: Inode, name: string, node: DiskNode): Inode {
    const inode = this.#nextInode;
    this.#nextInode += 1;
    this.change({ kind: 'inode', inode, node });
    this.change({ kind: 'link', directory, name, inode });
    return inode;
  }

  change(change: DiskChange): void {
    applyChange(this.#now, change);
    this.#pending.push(change);
    this.#changes += 1;
  }

  /** fsync of a file: its content, not its names. */
  syncFile(inode: Inode): void {
    this.#persist((change) => (change.kind === 'inode' || change.kind === 'write') && change.inode === inode);
  }

  /**
   * fsync of a directory: its names, and that what they name exists (journaling file systems commit an inode
   * with its first name). A rename is durable once either of its directories is synced.
   */
  syncDirectory(directory: Inode): void {
    const named = new Set<Inode>([directory]);
    const moved = new Set<Inode>();
    for (const change of this.#pending) {
      if (change.kind === 'link' && change.directory === directory) named.add(change.inode);
      if (change.kind === 'rename' && (change.to === directory || change.from === directory)) moved.add(change.inode);
    }
    this.#persist((change) => {
      if (change.kind === 'write') return false;
      if (change.kind === 'inode') return named.has(change.inode) || moved.has(change.inode);
      // A durable rename takes the earlier names of what it moved along, or both names would come back.
      if (change.kind === 'rename') return moved.has(change.inode);
      return change.directory === directory || (change.kind === 'link' && moved.has(change.inode));
    });
  }

  /** syncfs: everything. */
  syncAll(): void {
    this.#persist(() => true);
  }

  /**
   * The power goes: answers the disk found at the next start.
   *
   * @param fates  for the changes of the window, oldest first; missing ones are kept
   */
  afterCrash(fates: readonly CrashFate[]): SimulatedDisk {
    const next = new SimulatedDisk();
    const state: DiskState = new Map(this.#durable);
    const windowStart = Math.max(0, this.#pending.length - crashWindow);
    this.#pending.forEach((change, index) => {
      const fate = index < windowStart ? 'kept' : (fates[index - windowStart] ?? 'kept');
      if (fate === 'kept') applyChange(state, change);
      if (fate === 'torn') applyChange(state, torn(change));
    });
    dropUnreachable(state);
    next.#now = state;
    next.#durable = new Map(state);
    next.#nextInode = this.#nextInode;
    return next;
  }

  #persist(durable: (change: DiskChange) => boolean): void {
    const kept: DiskChange[] = [];
    for (const change of this.#pending) {
      if (!durable(change)) kept.push(change);
      else if (change.kind === 'rename') applyDurableRename(this.#durable, change);
      else applyChange(this.#durable, change);
    }
    this.#pending = kept;
  }
}

/**
 * A write that reached the platter half: its first half, then nothing; an append takes nothing of what was there
 * before. Other changes are whole or not at all.
 */
function torn(change: DiskChange): DiskChange {
  if (change.kind !== 'write') return change;
  const { content, from = 0 } = change;
  return { ...change, content: content.slice(0, from + Math.floor((content.length - from) / 2)) };
}
