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
} from './image-journal.js';
import type { StoreProblem } from './inventory.js';
import { maxJournalBytes } from './inventory.js';
import type { StorePaths } from './paths.js';
import type { ImageDecision, Protections } from './plan.js';
import { decideImages } from './plan.js';
import { codeOf, StoreError } from './store-error.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';

export interface MetadataManagerOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly random: Random;
  /** How long uses are gathered before they are written. Default 5,000. */
  readonly touchDelayMs?: number;
}

/** What is stored, at one moment. */
export interface ImageSnapshot {
  readonly storeVersion: number;
  readonly images: readonly StoredImage[];
}

/** What a prune decided about image names. It is on disk already. */
export interface MetadataPrune extends ImageDecision {
  readonly storeVersion: number;
  /** Every layer that a kept image needs. All else that it needs lies inside its record. */
  readonly retainedLayers: ReadonlySet<LayerId>;
}

export interface MetadataRecovery {
  readonly images: number;
  /** Set when the file could not be used and the store begins cold; it was moved to quarantine. */
  readonly problem?: StoreProblem;
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
  readonly #touched = new Map<string, string>();

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

  images(): ImageSnapshot {
    return { storeVersion: this.#table.storeVersion, images: [...this.#table.images.values()] };
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
   * Notes that an image was used. Written later, with others: losing one costs nothing but a little accuracy.
   */
  touch(reference: string, at: string): void {
    if (this.#touched.size === 0) delay(this.#options.touchDelayMs ?? 5_000, this.self, 'flush');
    this.#touched.set(reference, at);
  }

  /** Writes the uses noted so far. */
  flush(): Future<void> {
    return this.#change(() => {
      const at = new Map<string, string[]>();
      for (const [reference, time] of this.#touched) at.set(time, [...(at.get(time) ?? []), reference]);
      this.#touched.clear();
      const entries = [...at].map(([time, references]): JournalEntry => ({
        op: 'touch',
        references,
        at: time,
      }));
      return { entries, answer: undefined };
    });
  }

  /**
   * Forgets every image that is neither pinned, excluded nor held, and answers what the others need.
   *
   * @param atVersion  fail with PLAN_STALE if anything was stored or forgotten since that version
   * @throws FileError  it could not be written; nothing is forgotten then
   */
  prune(
    protections: Pick<Protections, 'exclusions' | 'references'>,
    atVersion?: number,
  ): Future<MetadataPrune> {
    return this.#change(() => {
      if (atVersion !== undefined && atVersion !== this.#table.storeVersion) {
        throw new StoreError(
          'PLAN_STALE',
          `the plan is of version ${atVersion}, the store of ${this.#table.storeVersion}`,
        );
      }
      const decision = decideImages(this.#table.images.values(), protections);
      const references = decision.removed.map((image) => image.reference);
      const answer = {
        ...decision,
        storeVersion: this.#table.storeVersion,
        retainedLayers: new Set(decision.kept.flatMap(({ image }) => image.layers)),
      };
      return { entries: references.length > 0 ? [{ op: 'forget', references }] : [], answer };
    });
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
  #change<R>(decide: () => { readonly entries: readonly JournalEntry[]; readonly answer: R }): Future<R> {
    return this.#writes
      .add(
        defer(this, () => {
          const { entries, answer } = decide();
          if (entries.length === 0) return Future.ready(answer);
          return this.#append(entries).then(() => answer);
        }),
      )
      .undiscardable();
  }

  #append(entries: readonly JournalEntry[]): Future<void> {
    const { paths, files } = this.#options;
    const lines = Buffer.concat(entries.map(encodeEntry));
    return this.#withCleanTail()
      .then(() => files.appendDurably(paths.storedImages, lines))
      .then(defer(this, () => this.#appended(entries)))
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
    // What is appended after half a line would be lost with it.
    return reader.torn ? this.#rewrite().then(() => recovery) : Future.ready(recovery);
  }

  #startCold(problem: StoreProblem): Future<MetadataRecovery> {
    const { paths, files, random } = this.#options;
    const aside = paths.quarantined('storedImages', random.id(''));
    return files.rename(paths.storedImages, aside).then(() => ({ images: 0, problem }));
  }
}
