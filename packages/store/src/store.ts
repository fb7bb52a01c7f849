import type { Digest, ImageConfig, Platform } from '@keelson/image';
import { Future, Process } from '@keelson/process';
import type { PruneReport } from './prune-report.js';
import { emptyPruneReport } from './prune-report.js';
import type { PullProgress } from './pull-progress.js';
import type { Reclaim } from './reclaim.js';
import type { RegistryAccess } from './registry/credential.js';
import type { Holder } from './why.js';

/** 64 hex digits of the OCI chain id: the folder name of a layer. */
export type LayerId = string;

/** One unpacked layer. `whiteouts` and `opaques` are paths below the root, without a leading slash. */
export interface LayerTree {
  readonly id: LayerId;
  readonly rootfs: string;
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
  readonly sizeBytes: number;
}

/** An image whose layers are all on disk, base first. */
export interface Image {
  /** Canonical, for example `docker.io/library/mysql:latest`. */
  readonly reference: string;
  readonly digest: Digest;
  readonly indexDigest?: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly LayerTree[];
}

export interface GetOptions {
  /** `false` asks the source again even when the image is known. Default `true`. */
  readonly cached?: boolean;
  /**
   * Takes a root under this name in the same turn in which the request is served: until `release(owner)`
   * neither the reference nor, once resolved, its layers can be pruned.
   */
  readonly owner?: string;
  readonly platform?: Platform;
  /**
   * Whose credentials to show, instead of the agent's own. Then the registry is asked even for an image that
   * is here: what is private is for those alone who may pull it (T18).
   */
  readonly access?: RegistryAccess;
  readonly onProgress?: (progress: PullProgress) => void;
}

export interface PruneOptions {
  /** Only if the plan of this hash still holds; else PLAN_STALE and nothing moves. */
  readonly planHash?: string;
  /** Take the least recently used images alone, and only until enough is free. Default: all that may go. */
  readonly reclaim?: Reclaim;
}

/** What a store is told by those above it, who know the containers. */
export interface StorePruneOptions extends PruneOptions {
  /**
   * Who uses which images and layers. References are as their users wrote them or canonical; what is no name of an
   * image keeps none.
   */
  readonly users?: readonly Holder[];
  /**
   * Told, in a turn of the store, once whatever is rooted from then on is protected until this prune ends. Who holds a
   * lock so that nothing comes into use unseen may let go then.
   */
  readonly onOpened?: () => void;
}

/**
 * Where root filesystems come from. The base store knows no image and removes nothing.
 *
 * Mirrors Mesos `provisioner/store.hpp`. A store is an actor: call it through its PID.
 */
export abstract class Store<Self = unknown> extends Process<Self> {
  /** Makes the store ready after a start, whatever the last owner left. */
  recover(): Future<void> {
    return Future.ready(undefined);
  }

  /** Answers the layers of `reference`, oldest first, fetching what is missing. */
  abstract get(reference: string, options?: GetOptions): Future<Image>;

  /** The trees of these layers, in their order; nothing for one that is not here. Fetches none. */
  trees(ids: readonly LayerId[]): Future<readonly (LayerTree | undefined)[]> {
    return Future.ready(ids.map(() => undefined));
  }

  /** Drops every root `owner` holds. Unknown owners are fine. */
  release(_owner: string): void {}

  /** Somebody has used these images until now. Unknown ones are fine. */
  used(_references: readonly string[]): void {}

  /**
   * Forgets every image but `excluded` and moves away every layer no retained image, root or `activeLayers`
   * needs. Runs under the provisioner's write lock: it marks by rename and never waits for the sweep.
   */
  prune(
    _excluded: readonly string[],
    _activeLayers: readonly LayerId[],
    _options?: StorePruneOptions,
  ): Future<PruneReport> {
    return Future.ready(emptyPruneReport());
  }
}
