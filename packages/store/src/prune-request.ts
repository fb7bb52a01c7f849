import type { PID, Process } from '@keelson/process';
import { defer, Future } from '@keelson/process';
import type { Exclusion } from './exclusion.js';
import { parseExclusions } from './exclusion.js';
import { parseSource } from './image-source.js';
import type { LayerTable } from './layer-table.js';
import type { ImageSnapshot, MetadataManager } from './metadata-manager.js';
import type { Protections, PrunePlan } from './plan.js';
import { planInSteps } from './plan.js';
import type { PruneScope } from './prune-run.js';
import type { Choice } from './reclaim.js';
import { chooseLeastRecentlyUsed } from './reclaim.js';
import type { Roots } from './roots.js';
import { pullNeeds, standsOn, usedBy } from './roots.js';
import { inTurns } from './steps.js';
import { StoreError } from './store-error.js';
import type { LayerId, StorePruneOptions } from './store.js';
import type { Holder } from './why.js';

export interface PruneRequestContext {
  readonly metadata: PID<MetadataManager>;
  readonly table: LayerTable;
  readonly roots: Roots;
  /** Layers that pulls are at work on. */
  readonly busy: { isBusy(id: LayerId): boolean; busy(): Iterable<LayerId> };
  /** In whose mailbox it is decided. */
  readonly owner: Process<unknown>;
}

/**
 * What somebody wants pruned, and what he knows to be in use. It answers what that protects at any moment; what
 * is rooted changes while a prune runs.
 */
export class PruneRequest {
  readonly #exclusions: readonly Exclusion[];
  readonly #users: readonly Holder[];
  readonly #usedLayers: ReadonlyMap<LayerId, string>;

  /** @throws ImageError INVALID_REFERENCE  one exclusion is no reference */
  constructor(
    private readonly context: PruneRequestContext,
    excluded: readonly string[],
    activeLayers: readonly LayerId[],
    private readonly options: StorePruneOptions,
  ) {
    this.#exclusions = parseExclusions(excluded);
    this.#users = (options.users ?? []).map(withCanonicalNames);
    const used = new Map(activeLayers.map((id) => [id, standsOn]));
    for (const { name, layers } of this.#users) for (const id of layers) used.set(id, usedBy(name));
    this.#usedLayers = used;
  }

  heldReferences(): ReadonlyMap<string, string> {
    return this.context.roots.heldReferences(this.#users);
  }

  /** Why one layer is needed, without a look at all the others. */
  whyLive(id: LayerId): string | undefined {
    const { roots, busy } = this.context;
    return this.#usedLayers.get(id) ?? roots.whyLive(id) ?? (busy.isBusy(id) ? pullNeeds : undefined);
  }

  /** What a prune would do now. */
  plan(): Future<PrunePlan> {
    return this.#look((snapshot) => this.#decide(snapshot).then(({ plan }) => plan));
  }

  /**
   * What a prune may take.
   *
   * @throws StoreError PLAN_STALE  the plan it is to carry out is not that of now
   */
  scope(): Future<PruneScope> {
    const { planHash, reclaim } = this.options;
    const exclusions = this.#exclusions;
    if (planHash === undefined && reclaim === undefined) return Future.ready({ exclusions });
    const scopeOf = (choice: Choice | undefined): PruneScope => ({ exclusions, ...(choice && { choice }) });
    if (planHash === undefined) return this.#look((snapshot) => this.#choose(snapshot).then(scopeOf));

    return this.#look((snapshot) =>
      this.#decide(snapshot).then(({ choice, plan }) => {
        if (plan.hash === planHash) return { ...scopeOf(choice), atVersion: plan.storeVersion };
        throw new StoreError('PLAN_STALE', `the plan ${planHash} no longer holds; the plan of now is ${plan.hash}`);
      }),
    );
  }

  #decide(snapshot: ImageSnapshot): Future<{ plan: PrunePlan; choice: Choice | undefined }> {
    const { owner, table } = this.context;
    return this.#choose(snapshot).then(
      defer(owner, (choice) => {
        const inventory = { ...snapshot, layers: [...table.records()] };
        return inTurns(owner, planInSteps(inventory, this.#protections(choice))).then((plan) => ({ plan, choice }));
      }),
    );
  }

  #look<T>(use: (snapshot: ImageSnapshot) => Future<T>): Future<T> {
    return this.context.metadata.images().then(defer(this.context.owner, use));
  }

  #choose({ images }: ImageSnapshot): Future<Choice | undefined> {
    const { reclaim } = this.options;
    if (!reclaim) return Future.ready(undefined);
    const cache = { images, layers: [...this.context.table.records()] };
    return inTurns(this.context.owner, chooseLeastRecentlyUsed(cache, this.#protections(), reclaim));
  }

  #protections(choice?: Choice): Protections {
    const { roots, busy } = this.context;
    const layers = roots.liveLayers(this.#usedLayers.keys(), busy.busy(), this.#users);
    return { exclusions: this.#exclusions, references: this.heldReferences(), layers, ...(choice && { choice }) };
  }
}

/** A text that is no name of an image (a folder it was loaded from) keeps none; its layers are kept for themselves. */
function withCanonicalNames(user: Holder): Holder {
  return { ...user, references: user.references.flatMap((name) => canonical(name) ?? []) };
}

function canonical(name: string): string | undefined {
  try {
    return parseSource(name).key;
  } catch {
    return undefined;
  }
}
