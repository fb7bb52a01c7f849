import * as writer from '../../../test/support/tar-writer.mjs';

/** What stands in an archive made by hand (`test/support/tar-writer.mjs`). Names are byte strings. */
export interface Member {
  readonly name: string;
  /** Default `0`, a file; `5` where there is no type and the name ends in a slash. */
  readonly type?: string;
  readonly content?: Buffer | string;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly device?: readonly [major: number, minor: number];
  /** Stated instead of the size of the content. */
  readonly size?: number;
  /** Written as a PAX header before the member. Values are byte strings. */
  readonly pax?: readonly (readonly [key: string, value: string])[];
  /** Changes the finished header block; the checksum is made after it. */
  readonly patch?: (header: Buffer) => void;
}

/** The archive of `members`, with its end mark. */
export const archive: (...members: readonly Member[]) => Buffer = writer.archive;
/** One member: its PAX header if it has one, its header and its content, padded. */
export const member: (spec: Member) => Buffer = writer.member;
export const paxRecords: (records: readonly (readonly [key: string, value: string])[]) => Buffer = writer.paxRecords;
export const padded: (content: Buffer) => Buffer = writer.padded;
export const withChecksum: (block: Buffer) => Buffer = writer.withChecksum;
