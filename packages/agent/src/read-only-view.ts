import { ContainerPaths, readContainers } from '@keelson/containerizer';
import { LocalFiles, LocalHost, PoolExecutor } from '@keelson/os';
import type { FileStatus } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { isContainerId, ProvisionerPaths, readProvisionedContainers } from '@keelson/provisioner';
import type { Explanation, PrunePlan, StoreUsage } from '@keelson/store';
import {
  explain,
  parseExclusions,
  planPrune,
  readAreaBytes,
  readInventory,
  storeJobs,
  StorePaths,
} from '@keelson/store';
import { AgentError } from './agent-error.js';
import type { CheckReport } from './consistency.js';
import { checkConsistency } from './consistency.js';
import { checkContents } from './layer-contents.js';
import type { ContainerListing } from './container-listing.js';
import { listContainers } from './container-listing.js';
import { diskUsage } from './disk-usage.js';
import type { ImageListing } from './image-listing.js';
import { listImages } from './image-listing.js';
import { namedObject } from './named-object.js';
import type { Snapshot } from './snapshot.js';
import { hasEnded, holdersOf } from './snapshot.js';

export interface PlanOptions {
  /** Images to keep, as users write references. */
  readonly exclude?: readonly string[];
}

/** Absolute paths. */
export interface ContainerLogs {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Answers questions about an agent's root from its files alone: no lock, no change, beside whoever owns the
 * store.
 */
export interface ReadOnlyView {
  images(): Future<readonly ImageListing[]>;
  containers(): Future<readonly ContainerListing[]>;
  /**
   * What a prune would do now.
   *
   * @throws AgentError INVENTORY_INCOMPLETE  naming the container whose layers cannot be told: prune refuses then
   * @throws ImageError INVALID_REFERENCE     one exclusion is no reference
   */
  plan(options?: PlanOptions): Future<PrunePlan>;
  /** @throws AgentError NO_SUCH_OBJECT */
  why(object: string): Future<Explanation>;
  /**
   * Where the output of a container is gathered; a file is missing if it never went there.
   *
   * @throws AgentError NO_SUCH_CONTAINER
   */
  logs(id: ContainerId): Future<ContainerLogs>;
  usage(): Future<StoreUsage>;
  /** Compares directories and records, both ways; with `contents`, hashes every layer again. Changes nothing. */
  check(options?: { readonly contents?: boolean }): Future<CheckReport>;
  /** Everything the other answers are made of. */
  snapshot(): Future<Snapshot>;
}

/**
 * A view of the agent root at `root`. A root that does not exist yet is empty.
 *
 * @example const images = await readOnlyView('/var/lib/keelson').images();
 */
export function readOnlyView(root: string): ReadOnlyView {
  const files = new LocalFiles();
  const host = new LocalHost();
  const storePaths = new StorePaths(root);
  const containerPaths = new ContainerPaths(root);
  const snapshot = (): Future<Snapshot> =>
    // Containers before images before layers: what somebody began to use meanwhile is there already.
    readContainers(containerPaths, files, host).then((containers) =>
      readProvisionedContainers(new ProvisionerPaths(`${root}/provisioner`), files).then((provisioned) =>
        readInventory(storePaths, files).then((store) => ({ store, containers, provisioned })),
      ),
    );
  const folderOf = (id: ContainerId): Future<FileStatus | undefined> =>
    isContainerId(id) ? files.status(containerPaths.container(id)) : Future.ready(undefined);
  return {
    images: () => snapshot().then(listImages),
    containers: () => snapshot().then(({ containers }) => listContainers(containers)),
    plan: ({ exclude = [] } = {}) => snapshot().then((seen) => planOf(seen, exclude)),
    why: (object) =>
      snapshot().then((seen) => explain(seen.store, holdersOf(seen), namedObject(seen.store, object))),
    logs: (id) =>
      folderOf(id).then((folder) => {
        if (!folder) throw new AgentError('NO_SUCH_CONTAINER', `there is no container ${id}`);
        return { stdout: containerPaths.stdout(id), stderr: containerPaths.stderr(id) };
      }),
    usage: () =>
      snapshot().then((seen) => readAreaBytes(storePaths, files).then((areas) => diskUsage(seen, areas))),
    check: ({ contents = false } = {}) =>
      snapshot().then((seen) => {
        const report = checkConsistency(seen);
        if (!contents) return report;
        const executor = new PoolExecutor({ jobs: storeJobs, maxThreads: 2 });
        const hashed = checkContents(seen.store.layers, { paths: storePaths, files, executor });
        return hashed.onAny(() => void executor.close()).then((damaged): CheckReport => {
          const problems = [...report.problems, ...damaged];
          return { ok: problems.length === 0, problems, repaired: [] };
        });
      }),
    snapshot,
  };
}

/** What a prune of this snapshot would do. Pure. */
export function planOf(snapshot: Snapshot, exclude: readonly string[]): PrunePlan {
  const unknown = snapshot.provisioned.find(({ layersUnknown }) => layersUnknown !== undefined);
  if (unknown) throw new AgentError('INVENTORY_INCOMPLETE', `cannot plan a prune: ${unknown.layersUnknown}`);
  const unreadable = snapshot.containers.find((container) => !container.config && !hasEnded(container));
  if (unreadable) {
    const { id } = unreadable.info;
    throw new AgentError(
      'INVENTORY_INCOMPLETE',
      `cannot plan a prune: the configuration of container ${id} cannot be read`,
    );
  }

  const holders = holdersOf(snapshot);
  const why = (pick: 'references' | 'layers') =>
    new Map(
      holders.flatMap((holder) => holder[pick].map((object) => [object, `used by ${holder.name}`] as const)),
    );
  return planPrune(snapshot.store, {
    exclusions: parseExclusions(exclude),
    references: why('references'),
    layers: why('layers'),
  });
}
