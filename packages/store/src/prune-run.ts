import type { Files } from '@keelson/os/ports';
import type { PID, Process, Random } from '@keelson/process';
import { awaitAll, defer, Future } from '@keelson/process';
import type { Exclusion } from './exclusion.js';
import type { LayerTable } from './layer-table.js';
import type { MetadataManager, MetadataPrune } from './metadata-manager.js';
import type { StorePaths } from './paths.js';
import type { LayerDecision } from './plan.js';
import { decideLayers, removalsOf } from './plan.js';
import type { PruneReport, RemovedImage, RemovedLayer, Verdict } from './prune-report.js';
import type { Choice } from './reclaim.js';
import type { Steps } from './steps.js';
import { inTurns } from './steps.js';
import { codeOf } from './store-error.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';
import { sweepable } from './sweepable.js';

export interface PruneContext {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly random: Random;
  readonly metadata: PID<MetadataManager>;
  readonly table: LayerTable;
  /** In whose mailbox the steps run. */
  readonly owner: Process<unknown>;
  /** References used or held at this moment, and why. */
  readonly heldReferences: () => ReadonlyMap<string, string>;
  /** Why a layer is needed at this moment: by a root, by work under way, by a container of the caller. */
  readonly whyLive: (id: LayerId) => string | undefined;
  /** Renames in one turn, so that the mailbox stays free in between. */
  readonly sliceSize: number;
}

/** What names a prune may take, and of which version of the store it was decided. */
export interface PruneScope {
  readonly exclusions: readonly Exclusion[];
  /** Nothing but this, where given. */
  readonly choice?: Choice;
  /** PLAN_STALE if the store changed since. */
  readonly atVersion?: number;
}

/** What is known once the names are forgotten. */
interface Stock {
  readonly images: readonly RemovedImage[];
  readonly unmatchedExclusions: readonly string[];
  readonly layers: LayerDecision;
}

/**
 * One prune, from the decision to the last rename.
 *
 * | step | turns |
 * |---|---|
 * | metadata decides, forgets and persists: an unreferenced layer is rubbish, a missing one damage | its own |
 * | names that got a root meanwhile are put back | one |
 * | which layers the kept images retain; all others are candidates | as many as they are many |
 * | a slice of candidates: what no root needs at this moment is condemned, and renamed into `gc/` | one each |
 *
 * What is rooted before its slice comes stays. A layer that cannot be renamed stays, is reported, and the next
 * prune tries again. No turn looks at more than some thousand things, however large the store is.
 */
export class PruneRun {
  readonly #layers: RemovedLayer[] = [];
  readonly #kept: Verdict[] = [];
  readonly #skipped: Verdict[] = [];

  constructor(
    private readonly context: PruneContext,
    private readonly scope: PruneScope,
  ) {}

  run(): Future<PruneReport> {
    const { metadata, owner, heldReferences } = this.context;
    const { exclusions, choice, atVersion } = this.scope;
    return metadata
      .prune({ exclusions, references: heldReferences(), ...(choice && { choice }) }, atVersion)
      .then(defer(owner, (cut) => this.#takeStock(cut)))
      .then(defer(owner, (stock) => this.#move(stock.layers, 0).then(() => this.#report(stock))));
  }

  #takeStock(cut: MetadataPrune): Future<Stock> {
    const { metadata, heldReferences, owner } = this.context;
    const references = heldReferences();
    // A root taken after the metadata manager had decided: its image is put back before anything of it can go.
    const rescued = cut.removed.filter((image) => references.has(image.reference));
    for (const { reference } of rescued) {
      this.#kept.push({ object: reference, why: references.get(reference)! });
    }
    return this.#putBack(metadata, rescued).then(defer(owner, () => inTurns(owner, this.#stockOf(cut, rescued))));
  }

  *#stockOf(cut: MetadataPrune, rescued: readonly StoredImage[]): Steps<Stock> {
    const { table, whyLive } = this.context;
    const back = new Set(rescued);
    const layers = [...table.records()];
    const keptImages = cut.kept.map(({ image }) => image).concat(rescued);
    const decided = yield* decideLayers(layers, keptImages, whyLive);
    for (const { image, why } of cut.kept) this.#kept.push({ object: image.reference, why });
    const removed = cut.removed.filter((image) => !back.has(image));
    const images = yield* removalsOf(removed, { images: keptImages.concat(removed), layers });
    return { images, layers: decided, unmatchedExclusions: cut.unmatchedExclusions };
  }

  #putBack(metadata: PID<MetadataManager>, images: readonly StoredImage[]): Future<unknown> {
    if (images.length === 0) return Future.ready();
    // A name that could not be written again is only a cache entry lost: its layers are rooted.
    return awaitAll(images.map((image) => metadata.put(image)));
  }

  #move(decided: LayerDecision, from: number): Future<void> {
    const { candidates, retained } = decided;
    if (from >= candidates.length) return Future.ready();
    const { paths, files, random, table, whyLive, sliceSize } = this.context;
    const slice = candidates.slice(from, from + sliceSize).filter((id) => table.stateOf(id) === 'present');
    const live = new Map(slice.flatMap((id) => verdictOf(id, whyLive(id))));
    for (const [id, why] of live) this.#kept.push({ object: id, why });
    const moving = sweepable(slice, retained, live);
    for (const id of moving) table.condemn(id);
    const renames = moving.map((id) => files.rename(paths.layer(id), paths.trash(id, random.id(''))));
    return awaitAll(renames).then(
      defer(this.context.owner, (results: readonly Future<void>[]) => {
        results.forEach((result, index) => this.#renamed(moving[index]!, result));
        return this.#move(decided, from + sliceSize);
      }),
    );
  }

  #renamed(id: LayerId, result: Future<void>): void {
    const { table } = this.context;
    const error = result.isFailed() ? result.failure() : undefined;
    // Gone already is what we wanted.
    if (result.isReady() || codeOf(error) === 'ENOENT') {
      const { sizeBytes } = table.remove(id);
      this.#layers.push({ id, sizeBytes });
      return;
    }
    table.rescue(id);
    this.#skipped.push({ object: id, why: error?.message ?? 'the rename was given up' });
  }

  #report({ images, unmatchedExclusions, layers }: Stock): PruneReport {
    const planned = this.#layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return {
      removed: { images, layers: this.#layers },
      kept: this.#kept.concat(layers.kept),
      skipped: this.#skipped,
      unmatchedExclusions,
      bytes: { planned, unlinked: 0, measured: 0 },
      lockHeldMs: 0,
    };
  }
}

function verdictOf(id: LayerId, why: string | undefined): readonly (readonly [LayerId, string])[] {
  return why === undefined ? [] : [[id, why]];
}
