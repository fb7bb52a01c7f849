import { produce } from 'immer';
import type { Files } from '@keelson/os/ports';
import type { Random } from '@keelson/process';
import { defer, delay, Future, Process, Sequence } from '@keelson/process';
import { DiskReserve } from './disk-reserve.js';
import type { ImageTable, JournalEntry } from './image-journal.js';
import {
  afterEntries,
  applyEntry,
  compacted,
  emptyImageTable,
  encodeEntry,
  JournalReader,
  touchesOf,
} from './image-journal.js';
import type { StoreProblem } from './inventory.js';
import { maxJournalBytes } from './inventory.js';
import type { StorePaths } from './paths.js';
import type { ImageDecision, Protections } from './plan.js';
import { decideImages } from './plan.js';
import { codeOf, StoreError } from './store-error.js';
import { inTurns } from './steps.js';
import type { StoredImage } from './stored-image.js';

export interface MetadataManagerOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly random: Random;
  /** Uses are written at most once in this time: the first at once, the others together. Default 5,000. */
  readonly touchDelayMs?: number;
}

/** What is stored, at one moment. */
export interface ImageSnapshot {
  readonly storeVersion: number;
  readonly images: readonly StoredImage[];
}

/** What a prune decided about image names. It is on disk already. */
export type MetadataPrune = ImageDecision;

export interface MetadataRecovery {
  readonly images: number;
  /** What could not be used: the file, and the store begins cold, or its last line. A copy is in quarantine. */
  readonly problem?: StoreProblem;
}

/** What is to be written, and what is answered then. */
interface Change<R> {
  readonly entries: readonly JournalEntry[];
  readonly answer: R;
}

/** Lines read in one turn. */
const slice = 64;
/** Lines beyond twice the images that make a journal worth rewriting. */
const slack = 256;

/**
 * Knows every image by its name. Mirrors Mesos `docker/metadata_manager.hpp`.
 *
 * A change is made durable first and in memory after that, so a failed write leaves both as they were;
 * changes run one at a time. Reading never waits for a write. Sized for 10,000 images: a change appends one
 * line.
 */
export class MetadataManager extends Process<MetadataManager> {
  readonly #options: MetadataManagerOptions;
  readonly #writes = new Sequence();
  readonly #reserve: DiskReserve;
  #table: ImageTable = emptyImageTable();
  #lines = 0;
  #tailInDoubt = false;
  /** Uses that are not on disk yet. */
  readonly #touched = new Map<string, string>();
  #touchesPaused = false;

  constructor(options: MetadataManagerOptions) {
    super('metadata-manager');
    this.#options = options;
    this.#reserve = new DiskReserve(options.files, options.paths.reserve);
  }

  /**
   * Reads the journal. A damaged or empty one means a cold cache and a warning, never a failure (MESOS-8871).
   */
  recover(): Future<MetadataRecovery> {
    const { paths, files } = this.#options;
    return files
      .read(paths.storedImages, { maxBytes: maxJournalBytes })
      .then((bytes): Uint8Array | undefined => bytes)
      .repair((failed) => {
        if (codeOf(failed.failure()) === 'ENOENT') return Future.ready(undefined);
        throw failed.failure();
      })
      .then(defer(this, this.#read))
      .then((recovery) => this.#reserve.keep().then(() => recovery));
  }

  /** The record of a name; `undefined` when it is unknown or `cached` is false. */
  get(reference: string, cached = true): StoredImage | undefined {
    return cached ? this.#table.images.get(reference) : undefined;
  }

  /** Every image, with uses that are noted and not written yet. */
  images(): ImageSnapshot {
    return { storeVersion: this.#table.storeVersion, images: [...this.#imagesOfNow()] };
  }

  /**
   * Stores what a name means now. A name that was pinned stays pinned.
   * @throws FileError  it could not be written; the name means what it meant before
   */
  put(image: StoredImage): Future<StoredImage> {
    return this.#change(() => {
      const known = this.#table.images.get(image.reference);
      const merged = produce(image, (draft) => {
        if (known?.pinned) draft.pinned = true;
        if (known?.lastUsedAt !== undefined && draft.lastUsedAt === undefined)
          draft.lastUsedAt = known.lastUsedAt;
      });
      return { entries: [{ op: 'put', image: merged }], answer: merged };
    });
  }

  /** Drops names and tells which of them were known. Their layers are the next prune's business. */
  forget(references: readonly string[]): Future<readonly string[]> {
    return this.#change(() => {
      const known = references.filter((reference) => this.#table.images.has(reference));
      return { entries: known.length > 0 ? [{ op: 'forget', references: known }] : [], answer: known };
    });
  }

  /** @throws StoreError IMAGE_NOT_FOUND */
  pin(reference: string): Future<StoredImage> {
    return this.#setPinned(reference, true);
  }

  /** @throws StoreError IMAGE_NOT_FOUND */
  unpin(reference: string): Future<StoredImage> {
    return this.#setPinned(reference, false);
  }

  /**
   * Notes that an image was used. The first use of a quiet time is written at once, what follows a moment later
   * and together: a lone use outlives a kill, and a flood of launches costs one write now and then.
   */
  touch(reference: string, at: string): void {
    this.#touched.set(reference, at);
    if (!this.#touchesPaused) this.#writeUses();
  }

  /** Uses may be written again. */
  flushUses(): void {
    this.#touchesPaused = false;
    if (this.#touched.size > 0) this.#writeUses();
  }

  /** Writes the uses noted so far. @throws FileError  they stay noted, and are written with the next */
  flush(): Future<void> {
    return this.#change(() => {
      for (const reference of this.#touched.keys()) {
        if (!this.#table.images.has(reference)) this.#touched.delete(reference);
      }
      return { entries: touchesOf(this.#touched), answer: new Map(this.#touched) };
    }).then(
      defer(this, (written) => {
        for (const [reference, at] of written) {
          if (this.#touched.get(reference) === at) this.#touched.delete(reference);
        }
      }),
    );
  }

  /**
   * Forgets every image that is neither used, excluded, pinned nor spared. Decided in turns, so that reading goes
   * on meanwhile; no change comes in between.
   *
   * @param atVersion  fail with PLAN_STALE if anything was stored or forgotten since that version
   * @throws FileError  it could not be written; nothing is forgotten then
   */
  prune(
    protections: Omit<Protections, 'layers'>,
    atVersion?: number,
  ): Future<MetadataPrune> {
    return this.#change(() => {
      if (atVersion !== undefined && atVersion !== this.#table.storeVersion) {
        throw new StoreError(
          'PLAN_STALE',
          `the plan is of version ${atVersion}, the store of ${this.#table.storeVersion}`,
        );
      }
      return inTurns(this, decideImages(this.#imagesOfNow(), protections)).then((decision) => {
        const references = decision.removed.map((image) => image.reference);
        return { entries: references.length > 0 ? [{ op: 'forget', references }] : [], answer: decision };
      });
    });
  }

  /** Writes every record anew. @throws FileError  the file says what it said before */
  rewrite(): Future<void> {
    return this.#writes.add(defer(this, () => this.#rewrite())).undiscardable();
  }

  #writeUses(): void {
    this.#touchesPaused = true;
    delay(this.#options.touchDelayMs ?? 5_000, this.self, 'flushUses');
    // What fails is tried again with the next use; nobody waits for it.
    void this.flush();
  }

  *#imagesOfNow(): Generator<StoredImage, void, undefined> {
    for (const image of this.#table.images.values()) {
      const lastUsedAt = this.#touched.get(image.reference);
      yield lastUsedAt === undefined ? image : { ...image, lastUsedAt };
    }
  }

  #setPinned(reference: string, pinned: boolean): Future<StoredImage> {
    return this.#change(() => {
      const image = this.#table.images.get(reference);
      if (!image) throw new StoreError('IMAGE_NOT_FOUND', `there is no image ${reference}`);
      const changed = produce(image, (draft) => void (draft.pinned = pinned));
      return { entries: image.pinned === pinned ? [] : [{ op: 'put', image: changed }], answer: changed };
    });
  }

  /** Decides on the state of its turn, writes, and only then changes memory (T31 of the Mesos store). */
  #change<R>(decide: () => Change<R> | Future<Change<R>>): Future<R> {
    return this.#writes
      .add(
        defer(this, () => {
          const change = decide();
          return change instanceof Future ? change.then(defer(this, this.#write<R>)) : this.#write(change);
        }),
      )
      .undiscardable();
  }

  #write<R>({ entries, answer }: Change<R>): Future<R> {
    return entries.length === 0 ? Future.ready(answer) : this.#append(entries).then(() => answer);
  }

  #append(entries: readonly JournalEntry[]): Future<void> {
    const { paths, files } = this.#options;
    const lines = Buffer.concat(entries.map(encodeEntry));
    return this.#withCleanTail()
      .then(
        defer(this, () => {
          // The first line comes into being whole: one that is cut short is damage then, and never a power cut.
          if (this.#lines === 0) return this.#rewrite(afterEntries(this.#table, entries)).then(() => true);
          return files.appendDurably(paths.storedImages, lines).then(() => false);
        }),
      )
      .then(defer(this, (rewritten: boolean) => this.#appended(rewritten ? [] : entries)))
      .repair(defer(this, (failed) => this.#failed(entries, failed.failure())));
  }

  #appended(entries: readonly JournalEntry[]): void {
    for (const entry of entries) applyEntry(this.#table, entry);
    this.#lines += entries.length;
    if (this.#lines > 2 * this.#table.images.size + slack) this.#writes.add(defer(this, this.#compact));
    void this.#reserve.keep();
  }

  #failed(entries: readonly JournalEntry[], error: Error): Future<void> {
    this.#tailInDoubt = true;
    // A full disk must be able to forget, or nothing can ever be freed: that is what the reserve is for.
    if (codeOf(error) === 'ENOSPC' && entries.every((entry) => entry.op === 'forget')) {
      return this.#reserve
        .giveUp()
        .then(defer(this, () => this.#rewrite(afterEntries(this.#table, entries))));
    }
    // At once if possible, so that what was refused is not read back after a crash; else before the next
    // append.
    this.#writes.add(defer(this, this.#withCleanTail));
    throw error;
  }

  /** A failed append may have left half a line, or a whole one that nobody was promised. */
  #withCleanTail(): Future<void> {
    return this.#tailInDoubt ? this.#rewrite() : Future.ready();
  }

  /** Fails without harm: the long journal says the same. */
  #compact(): Future<void> {
    if (this.#lines <= 2 * this.#table.images.size + slack) return Future.ready();
    return this.#rewrite().repair(() => Future.ready());
  }

  #rewrite(table: ImageTable = this.#table): Future<void> {
    const { paths, files } = this.#options;
    return files.writeDurably(paths.storedImages, compacted(table), { mode: 0o600 }).then(
      defer(this, () => {
        this.#table = table;
        this.#lines = table.images.size + 1;
        this.#tailInDoubt = false;
      }),
    );
  }

  #read(bytes: Uint8Array | undefined): Future<MetadataRecovery> {
    if (bytes === undefined) return Future.ready({ images: 0 });
    return this.#readSlice(new JournalReader(bytes));
  }

  #readSlice(reader: JournalReader): Future<MetadataRecovery> {
    if (!reader.advance(slice)) return defer(this, () => this.#readSlice(reader))();
    if (reader.problem) return this.#startCold({ object: 'storedImages', ...reader.problem });

    this.#table = reader.table;
    this.#lines = reader.lines;
    const recovery = { images: this.#table.images.size };
    const { tailProblem } = reader;
    if (tailProblem) return this.#setAside({ object: 'storedImages', ...tailProblem }, reader.bytes);
    // What is appended after half a line would be lost with it.
    return reader.torn ? this.#rewrite().then(() => recovery) : Future.ready(recovery);
  }

  /** All lines but the last are good: the journal goes on without it, and what it was can be looked at. */
  #setAside(problem: StoreProblem, bytes: Uint8Array): Future<MetadataRecovery> {
    const { paths, files, random } = this.#options;
    return files
      .writeDurably(paths.quarantined('storedImages', random.id('')), bytes, { mode: 0o600 })
      .then(defer(this, () => this.#rewrite()))
      .then(() => ({ images: this.#table.images.size, problem }));
  }

  #startCold(problem: StoreProblem): Future<MetadataRecovery> {
    const { paths, files, random } = this.#options;
    const aside = paths.quarantined('storedImages', random.id(''));
    return files.rename(paths.storedImages, aside).then(() => ({ images: 0, problem }));
  }
}
