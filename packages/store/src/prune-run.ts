import type { Files } from '@keelson/os/ports';
import type { PID, Process, Random } from '@keelson/process';
import { awaitAll, defer, Future } from '@keelson/process';
import type { Exclusion } from './exclusion.js';
import type { LayerTable } from './layer-table.js';
import type { MetadataManager, MetadataPrune } from './metadata-manager.js';
import type { StorePaths } from './paths.js';
import type { PruneDecision } from './plan.js';
import { decidePrune } from './plan.js';
import type { PruneReport, RemovedLayer, Verdict } from './prune-report.js';
import { codeOf } from './store-error.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';

export interface PruneContext {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly random: Random;
  readonly metadata: PID<MetadataManager>;
  readonly table: LayerTable;
  /** In whose mailbox the steps run. */
  readonly owner: Process<unknown>;
  /** References held at this moment, and why. */
  readonly heldReferences: () => ReadonlyMap<string, string>;
  /** Layers needed at this moment, and why: roots, work under way, and what the caller said is active. */
  readonly liveLayers: () => ReadonlyMap<LayerId, string>;
  /** As `liveLayers` for one layer, without a look at all the others. */
  readonly whyLive: (id: LayerId) => string | undefined;
  /** Renames in one turn, so that the mailbox stays free in between. */
  readonly sliceSize: number;
}

/**
 * One prune, from the decision to the last rename.
 *
 * | step | turn |
 * |---|---|
 * | metadata forgets and persists: an unreferenced layer is rubbish, a missing one damage | its own |
 * | victims are chosen and condemned with the roots of that moment | one |
 * | each slice is checked against the roots again, and renamed into `gc/` | one each |
 *
 * Whatever is rooted before its slice comes is rescued. A layer that cannot be renamed stays, is reported,
 * and the next prune tries again.
 */
export class PruneRun {
  readonly #layers: RemovedLayer[] = [];
  readonly #kept: Verdict[] = [];
  readonly #skipped: Verdict[] = [];

  constructor(
    private readonly context: PruneContext,
    private readonly exclusions: readonly Exclusion[],
  ) {}

  /** @param atVersion  of the plan that is applied; PLAN_STALE if the store changed since */
  run(atVersion?: number): Future<PruneReport> {
    const references = this.context.heldReferences();
    return this.context.metadata
      .prune({ exclusions: this.exclusions, references }, atVersion)
      .then(defer(this.context.owner, (cut) => this.#condemn(cut)))
      .then(
        defer(this.context.owner, (plan) =>
          this.#rename(
            plan.remove.layers.map((layer) => layer.id),
            0,
          ).then(() => this.#report(plan)),
        ),
      );
  }

  #condemn(cut: MetadataPrune): Future<PruneDecision> {
    const { table, metadata, heldReferences, liveLayers } = this.context;
    const references = heldReferences();
    // A root taken after the metadata manager had decided: its image is put back before anything of it can go.
    const rescued = cut.removed.filter((image) => references.has(image.reference));
    const images = [...cut.kept.map(({ image }) => image), ...cut.removed];
    const inventory = { storeVersion: cut.storeVersion, images, layers: [...table.records()] };
    const plan = decidePrune(inventory, { exclusions: this.exclusions, references, layers: liveLayers() });
    for (const { id } of plan.remove.layers) table.condemn(id);
    return this.#putBack(metadata, rescued).then(() => plan);
  }

  #putBack(metadata: PID<MetadataManager>, images: readonly StoredImage[]): Future<unknown> {
    if (images.length === 0) return Future.ready();
    // A name that could not be written again is only a cache entry lost: its layers are rooted.
    return awaitAll(images.map((image) => metadata.put(image)));
  }

  #rename(victims: readonly LayerId[], from: number): Future<void> {
    if (from >= victims.length) return Future.ready();
    const { paths, files, random, table, whyLive, sliceSize } = this.context;
    const moving: LayerId[] = [];
    for (const id of victims.slice(from, from + sliceSize)) {
      const why = whyLive(id);
      if (why === undefined) {
        moving.push(id);
        continue;
      }
      table.rescue(id);
      this.#kept.push({ object: id, why });
    }
    const renames = moving.map((id) => files.rename(paths.layer(id), paths.trash(id, random.id(''))));
    return awaitAll(renames).then(
      defer(this.context.owner, (results: readonly Future<void>[]) => {
        results.forEach((result, index) => this.#renamed(moving[index]!, result));
        return this.#rename(victims, from + sliceSize);
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

  #report(plan: PruneDecision): PruneReport {
    return {
      removed: { images: plan.remove.images, layers: this.#layers },
      kept: [...plan.keep, ...this.#kept],
      skipped: this.#skipped,
      unmatchedExclusions: plan.unmatchedExclusions,
      bytes: { planned: plan.uniqueBytes, unlinked: 0, measured: 0 },
      lockHeldMs: 0,
    };
  }
}
