export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/** A time since the epoch, exact: `nanoseconds` counts forward from `seconds`, also before 1970. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * One member of an archive, with all its overrides applied.
 *
 * Names are byte strings: one character, U+0000 to U+00FF, for each byte, and never a NUL. They are
 * exactly what the archive says, so they may be absolute, climb, or end in a slash.
 */
export interface TarEntry {
  readonly type: TarEntryType;
  readonly name: string;
  /** What a symlink says, or the name of an earlier member for a hard link; else empty. */
  readonly linkName: string;
  /** Permission, setuid, setgid and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file's content, its holes counted; 0 for everything else. */
  readonly sizeBytes: number;
  /** Whether the content has holes: then `data` skips them, and `sizeBytes` may lie past the last of it. */
  readonly isSparse: boolean;
  readonly modifiedAt: TarTime;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

/** Takes what a `TarReader` finds, in the order of the archive. What it throws ends the reading. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /**
   * A part of the content of the last entry, which begins at `position` of the file. Valid during the
   * call only.
   */
  data(bytes: Buffer, position: number): void;
  /** The last entry has all its content. */
  end(): void;
}
