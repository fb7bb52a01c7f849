import { produce } from 'immer';
import type { RecordFormat, RecordProblem } from './record.js';
import { decodeRecord, encodeRecord } from './record.js';
import { countField, fieldsOf, textField, textsField } from './shape.js';
import type { StoredImage } from './stored-image.js';
import { parseStoredImage } from './stored-image.js';

/**
 * The image records on disk: a journal of checksummed lines, folded into a map.
 *
 * | entry | effect |
 * |---|---|
 * | `begin` | first line of a compacted file: the store version that the following puts amount to |
 * | `put` | sets the record of one name |
 * | `forget` | drops names |
 * | `touch` | sets `lastUsedAt` of names; not a change of the store version |
 *
 * Memory is changed by `applyEntry` alone, after the same entry was made durable, so that what is in memory
 * is always the fold of what is on disk.
 */
export type JournalEntry =
  | { readonly op: 'begin'; readonly storeVersion: number; readonly images: number }
  | { readonly op: 'put'; readonly image: StoredImage }
  | { readonly op: 'forget'; readonly references: readonly string[] }
  | { readonly op: 'touch'; readonly references: readonly string[]; readonly at: string };

export interface ImageTable {
  readonly images: Map<string, StoredImage>;
  /** Counts the changes of what is stored. A plan holds for one version. */
  storeVersion: number;
}

export function emptyImageTable(): ImageTable {
  return { images: new Map(), storeVersion: 0 };
}

/** The table that `entry` leads to; `table` stays as it is. */
export function afterEntries(table: ImageTable, entries: readonly JournalEntry[]): ImageTable {
  const next = { images: new Map(table.images), storeVersion: table.storeVersion };
  for (const entry of entries) applyEntry(next, entry);
  return next;
}

export function applyEntry(table: ImageTable, entry: JournalEntry): void {
  switch (entry.op) {
    case 'begin':
      // The puts below it count one each; after them the version is the one that was compacted.
      table.storeVersion = entry.storeVersion - entry.images;
      return;
    case 'put':
      table.storeVersion += 1;
      table.images.set(entry.image.reference, entry.image);
      return;
    case 'forget':
      table.storeVersion += 1;
      for (const reference of entry.references) table.images.delete(reference);
      return;
    case 'touch':
      for (const reference of entry.references) {
        const image = table.images.get(reference);
        if (image)
          table.images.set(
            reference,
            produce(image, (draft) => void (draft.lastUsedAt = entry.at)),
          );
      }
  }
}

/** The entries that note these uses: one for each time. */
export function touchesOf(uses: ReadonlyMap<string, string>): JournalEntry[] {
  const at = new Map<string, string[]>();
  for (const [reference, time] of uses) at.set(time, [...(at.get(time) ?? []), reference]);
  return [...at].map(([time, references]) => ({ op: 'touch', references, at: time }));
}

/** One line, newline included. */
export function encodeEntry(entry: JournalEntry): Uint8Array {
  return encodeRecord(journalFormat, entry);
}

/** The shortest journal that folds to `table`. */
export function compacted(table: ImageTable): Uint8Array {
  const begin: JournalEntry = { op: 'begin', storeVersion: table.storeVersion, images: table.images.size };
  const puts = [...table.images.values()].map((image) => encodeEntry({ op: 'put', image }));
  return Buffer.concat([encodeEntry(begin), ...puts]);
}

/**
 * Reads a journal piece by piece, so that ten thousand images do not hold up a mailbox.
 *
 * A last line that is cut short was never acknowledged and is dropped (`torn`); one that has its end and is not
 * whole is dropped and told (`tailProblem`). Damage anywhere else means that the file cannot be trusted: `problem`
 * says why.
 */
export class JournalReader {
  readonly table = emptyImageTable();
  lines = 0;
  torn = false;
  problem: { readonly code: RecordProblem; readonly why: string } | undefined;
  /** Set when the last line is complete and not whole: it may have been promised to somebody. The others are good. */
  tailProblem: { readonly code: RecordProblem; readonly why: string } | undefined;
  readonly #text: string;
  #position = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    if (this.#text.trim() === '') this.problem = { code: 'EMPTY', why: 'the file is empty' };
  }

  /** Reads up to `maxLines` more lines; true when the end or a problem is reached. */
  advance(maxLines: number): boolean {
    for (let count = 0; count < maxLines && !this.#ended(); count += 1) this.#readLine();
    return this.#ended();
  }

  #ended(): boolean {
    return this.problem !== undefined || this.torn || this.#position >= this.#text.length;
  }

  #readLine(): void {
    const end = this.#text.indexOf('\n', this.#position);
    const line = this.#text.slice(this.#position, end < 0 ? undefined : end);
    const entry = decodeRecord(journalFormat, line);
    const isLast = end < 0 || end === this.#text.length - 1;

    if (entry.ok && end >= 0) {
      applyEntry(this.table, entry.value);
    } else if (isLast && this.lines > 0 && !(!entry.ok && entry.problem === 'FUTURE')) {
      this.torn = true;
      if (!entry.ok && end >= 0) {
        this.tailProblem = { code: 'CORRUPT', why: `line ${this.lines + 1}: ${entry.why}` };
      }
    } else {
      const why = entry.ok ? 'the only line is cut short' : entry.why;
      this.problem = { code: entry.ok ? 'CORRUPT' : entry.problem, why: `line ${this.lines + 1}: ${why}` };
    }
    this.lines += 1;
    this.#position = end < 0 ? this.#text.length : end + 1;
  }
}

const journalFormat: RecordFormat<JournalEntry> = {
  name: 'keelson.images',
  version: 1,
  parse: (payload) => {
    const fields = fieldsOf(payload, 'entry');
    const op = textField(fields, 'op');
    switch (op) {
      case 'begin':
        return { op, storeVersion: countField(fields, 'storeVersion'), images: countField(fields, 'images') };
      case 'put':
        return { op, image: parseStoredImage(fields['image']) };
      case 'forget':
        return { op, references: textsField(fields, 'references') };
      case 'touch':
        return { op, references: textsField(fields, 'references'), at: textField(fields, 'at') };
      default:
        throw new Error(`unknown entry ${op}`);
    }
  },
};
