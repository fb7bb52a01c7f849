import { awaitAll, collect, Counter, defer, Future, Process, undiscardable } from '@keelson/process';
import type { Image, LayerId, PruneReport } from '@keelson/store';
import type { ChosenBackend } from './choose-backend.js';
import { chooseBackend } from './choose-backend.js';
import { concluding } from './concluding.js';
import type { ContainerId } from './container-id.js';
import { isContainerId } from './container-id.js';
import type { ContainerEntry } from './container-table.js';
import { ContainerTable } from './container-table.js';
import { Destructions } from './destructions.js';
import { Gate } from './gate.js';
import type { ImageName } from './image-name.js';
import type { ProvisionerPruneOptions } from './image-user.js';
import type { Warn } from './list-containers.js';
import type { ProvisionInfo, ProvisionOptions } from './provision-info.js';
import type { ProvisionedContainer, ProvisionedRootfs } from './provisioned-container.js';
import { ProvisionerError, reasonOf } from './provisioner-error.js';
import type { ProvisionerOptions } from './provisioner-options.js';
import type { Building, Provisioning } from './provisioning.js';
import type { StartedPrune } from './start-prune.js';
import { startPrune } from './start-prune.js';
import { readProvisionedContainers } from './read-provisioned-containers.js';
import { restoreRootfses } from './restore-rootfses.js';
import { tellUse } from './tell-use.js';
import { type LeftoverRemoval, removeLeftover } from './put-aside.js';
import { takeDownContainer } from './take-down-container.js';
import { warnOfProblems } from './warn-of-problems.js';
import { writeLayersRecord } from './write-layers-record.js';

/**
 * Makes the root filesystems of containers and knows which layers each stands on, so that a prune takes no
 * other.
 *
 * Provisioning and destroying pass the read side of one lock, a prune begins under its write side. It is held for
 * memory alone, never for a disk or a network: the store's roots protect layers until they are recorded here and
 * whatever comes into use after a prune has begun; the record protects them from then on (T1, T4). Each request
 * takes at most one lease, never while it holds one or waits with one for another request (T6).
 *
 * Mirrors Mesos `provisioner/provisioner.cpp` (`ProvisionerProcess`).
 */
export class Provisioner extends Process<Provisioner> {
  /** Destructions that failed or left something behind. */
  readonly removeContainerErrors = new Counter('containerizer/mesos/provisioner/remove_container_errors');

  readonly gate: Gate;
  readonly #options: ProvisionerOptions;
  readonly #warn: Warn;
  readonly #leftovers: LeftoverRemoval;
  readonly #containers = new ContainerTable();
  readonly #destructions = new Destructions();
  /** By the exclusions. */
  readonly #pruning = new Map<string, Future<PruneReport>>();
  #recovering: Future<void> | undefined;
  #recovered = false;

  constructor(options: ProvisionerOptions) {
    super('provisioner');
    this.#options = options;
    this.#warn = options.warn ?? (() => {});
    this.gate = new Gate(options.clock);
    const turn = <A extends unknown[], R>(f: (...args: A) => R) => defer<A, [], R>(this, f);
    this.#leftovers = { executor: options.executor, turn, warn: (why) => this.#report(why) };
  }

  /**
   * Makes a root filesystem of `image` for a container. One container may have several: its image volumes.
   *
   * @returns discarding it gives up the pull; once the image is there the work goes on to its end
   * @throws ProvisionerError BACKEND_NOT_SUPPORTED, UNSUPPORTED_IMAGE_TYPE, INVALID_CONTAINER_ID, NOT_RECOVERED
   * @throws ProvisionerError CONTAINER_DESTROYING  it, or what it is nested in, is being destroyed
   * @throws ProvisionerError CHECKPOINT_FAILED     its layers could not be put on record
   * @throws ProvisionerError BACKEND_UNSUITABLE, PROVISION_FAILED  from the backend; nothing is left behind
   * @throws StoreError  what the store says of the image
   */
  provision(containerId: ContainerId, image: ImageName, options: ProvisionOptions = {}): Future<ProvisionInfo> {
    const { backend = this.#options.defaultBackend, ...wanted } = options;
    const provisioning = this.#begin(containerId, image);
    const { entry, store, owner } = provisioning;

    const work = chooseBackend(this.#options, backend)
      .then((chosen) =>
        store.get(image.name, { ...wanted, owner }).then(defer(this, this.#build, provisioning, chosen)),
      )
      .recover(defer(this, this.#withdraw, provisioning));
    entry.provisioning.add(work);
    return work.onAny(defer(this, this.#end, entry, work));
  }

  /**
   * Takes down every root filesystem of a container, what is nested in it first. False for an unknown
   * container. Provisioning still at work is waited for; its pull is given up. Asked again meanwhile it is
   * done once; asked again after a failure it is tried again, and until then the layers stay protected.
   *
   * @throws ProvisionerError DESTROY_FAILED  naming what could not be taken down, nested containers included
   */
  destroy(containerId: ContainerId): Future<boolean> {
    this.#requireRecovered(`destroy container '${containerId}'`);
    return undiscardable(this.#destroy(containerId));
  }

  /**
   * Takes up what an earlier life left: `known` containers are kept, all others destroyed, then the stores
   * recovered. Nothing else is served before. What cannot be read or taken down is warned about and stays
   * protected.
   *
   * @throws ProvisionerError CONTAINERS_UNREADABLE  they could not be listed
   * @throws StoreError  a store could not recover
   */
  recover(known: readonly ContainerId[]): Future<void> {
    if (this.#recovered) return Future.ready();
    this.#recovering ??= concluding(this, this.#recover(known), () => {
      this.#recovering = undefined;
    });
    return undiscardable(this.#recovering);
  }

  /** Makes what it stands on stand again after a reboot; true if it had to be. @throws as `restoreRootfses` */
  restore(containerId: ContainerId): Future<boolean> {
    this.#requireRecovered(`restore container '${containerId}'`);
    return restoreRootfses(containerId, this.#containers.get(containerId)?.rootfses.values() ?? [], this.#options);
  }

  /**
   * Removes every image but those excluded and used, and every layer that neither they nor a container need, in
   * all stores. A prune that runs or waits for the same is joined: who uses an image since has a root.
   *
   * @throws ProvisionerError NOT_RECOVERED         what containers need is not known yet (T3)
   * @throws ProvisionerError INVENTORY_INCOMPLETE  naming the container and file whose layers cannot be told
   * @throws StoreError  the first failure of a store; the others have pruned all the same
   */
  pruneImages(excluded: readonly ImageName[], options: ProvisionerPruneOptions = {}): Future<PruneReport> {
    this.#requireRecovered('prune images');
    const names = excluded.map(({ type, name }) => `${type} ${name}`).toSorted();
    const key = JSON.stringify([names, options.planHash, options.reclaim]);
    const running = this.#pruning.get(key);
    if (running) return undiscardable(running);

    const started = this.gate.pass('prune', defer(this, this.#prune, excluded, options));
    const work = started.then(({ report }) => report);
    const pruning = concluding(this, work, () => this.#pruning.delete(key));
    this.#pruning.set(key, pruning);
    return undiscardable(pruning);
  }

  /** Every container with its root filesystems, those in the making included. */
  containers(): Future<ProvisionedContainer[]> {
    return Future.ready(this.#containers.list());
  }

  /** Every layer some container stands on, each once. */
  layersInUse(): Future<LayerId[]> {
    return Future.ready(this.#containers.layersInUse());
  }

  protected override finalize(): void {
    this.gate.dispose();
  }

  #begin(containerId: ContainerId, image: ImageName): Provisioning {
    const attempt = `provision '${image.name}' for container '${containerId}'`;
    this.#requireRecovered(attempt);
    if (!isContainerId(containerId)) {
      throw new ProvisionerError('INVALID_CONTAINER_ID', `Cannot ${attempt}: not an id of a container`);
    }
    const store = this.#options.stores.get(image.type);
    if (!store) {
      throw new ProvisionerError('UNSUPPORTED_IMAGE_TYPE', `Cannot ${attempt}: no store serves ${image.type} images`);
    }
    this.#refuseWhileDestroying(containerId);
    const unknown = this.#containers.get(containerId)?.layersUnknown;
    // A new record would hide that the old one could not be read.
    if (unknown) throw new ProvisionerError('INVENTORY_INCOMPLETE', `Cannot ${attempt}, destroy it first: ${unknown}`);

    const rootfsId = this.#options.random.id('rootfs-');
    return {
      // At once, so that a destroy that comes next finds it.
      entry: this.#containers.open(containerId),
      rootfsId,
      store,
      owner: `${containerId}/${rootfsId}`,
    };
  }

  /** The image is here and rooted. From now on nobody's loss of interest stops the work. */
  #build(provisioning: Provisioning, backend: ChosenBackend, image: Image): Future<ProvisionInfo> {
    const { entry, rootfsId } = provisioning;
    const { paths } = this.#options;
    const rootfs = paths.rootfs(entry.id, backend.name, rootfsId);
    const backendDirectory = paths.backend(entry.id, backend.name);
    const building = { ...provisioning, backend, rootfs, backendDirectory };
    const provisioned: ProvisionedRootfs = {
      rootfsId,
      backend: backend.name,
      rootfs,
      reference: image.reference,
      digest: image.digest,
      layers: image.layers.map(({ id }) => id),
    };
    const entered = this.gate.pass('provision', defer(this, this.#enter, entry, provisioned));
    const recorded = entered.then(defer(this, this.#record, entry, provisioned));
    return undiscardable(recorded.then(defer(this, this.#furnish, building, provisioned, image)));
  }

  /** Under the read lease: the very next prune sees these layers (T1). The root lasts until they are on disk. */
  #enter(entry: ContainerEntry, provisioned: ProvisionedRootfs): void {
    this.#refuseWhileDestroying(entry.id);
    entry.rootfses.set(provisioned.rootfsId, provisioned);
    this.#containers.markOnDisk(entry.id);
  }

  #record(entry: ContainerEntry, provisioned: ProvisionedRootfs): Future<void> {
    return this.#checkpoint(entry).repair(
      defer(this, (failed: Future<void>) => {
        entry.rootfses.delete(provisioned.rootfsId);
        // The record may be in place and only its folder unsynced: what is refused must not be read back.
        return this.#checkpoint(entry).recover(() => {}).then(() => failed);
      }),
    );
  }

  /** The lease is back: what is on record needs neither lock nor root. */
  #furnish(building: Building, provisioned: ProvisionedRootfs, image: Image): Future<ProvisionInfo> {
    const { entry, store, owner, rootfs, backend, backendDirectory } = building;
    store.release(owner);
    const about = { ...provisioned, containerId: entry.id, backend: backend.name, image };
    return backend.actor
      .provision(image.layers, rootfs, backendDirectory)
      .then(({ ephemeralVolumes }) => ({ ...about, ephemeralVolumes }))
      .repair(defer(this, this.#undo, building));
  }

  #undo(building: Building, failed: Future<ProvisionInfo>): Future<ProvisionInfo> {
    const { entry, rootfs, rootfsId, backend, backendDirectory } = building;
    return backend.actor
      .destroy(rootfs, backendDirectory)
      .then(
        defer(this, () => {
          entry.rootfses.delete(rootfsId);
          return this.#checkpoint(entry);
        }),
      )
      .repair((undone) => this.#report(`Keeping '${rootfs}' on record: ${reasonOf(undone.failure())}`))
      .then(() => failed);
  }

  /** Nothing was made, for whatever reason: the root falls. */
  #withdraw({ entry, store, owner }: Provisioning, failed: Future<ProvisionInfo>): Future<ProvisionInfo> {
    store.release(owner);
    // A destroy gave up the pull; whoever asked for the image did not.
    if (failed.isDiscarded()) this.#refuseWhileDestroying(entry.id);
    if (failed.isAbandoned()) {
      throw new ProvisionerError('PROVISION_FAILED', `The store or backend that served '${entry.id}' is gone`);
    }
    return failed;
  }

  #end(entry: ContainerEntry, work: Future<ProvisionInfo>): void {
    entry.provisioning.delete(work);
    if (this.#containers.get(entry.id) === entry) this.#containers.forgetUnused(entry.id);
  }

  #destroy(containerId: ContainerId): Future<boolean> {
    const running = this.#destructions.of(containerId);
    if (running) return running;
    const above = this.#destructions.above(containerId);
    // Its own outcome, not its parent's: another child may be what the parent fails for.
    if (above) return awaitAll([above]).then(defer(this, this.#destroyIfLeft, containerId));
    if (!this.#containers.get(containerId)) return Future.ready(false);

    // What we wait for needs the lock itself, so we must not hold it yet (T6).
    const subtree = this.#containers.subtree(containerId);
    const provisioning = subtree.flatMap((entry) => [...entry.provisioning]);
    const below = subtree.flatMap(({ id }) => this.#destructions.of(id) ?? []);
    const work = awaitAll<unknown>([...provisioning, ...below])
      // Behind a prune that stands before us. None after us waits: what we take down is in use until it is gone.
      .then(() => this.gate.pass('destroy', () => Future.ready()))
      .then(defer(this, this.#takeDown, containerId))
      .then(() => true);
    const destroying = concluding(this, work, () => this.#destructions.end(containerId));
    this.#destructions.begin(containerId, destroying);
    provisioning.forEach((pending) => pending.discard());
    return destroying;
  }

  #destroyIfLeft(containerId: ContainerId): boolean | Future<boolean> {
    return this.#containers.get(containerId) ? this.#destroy(containerId) : true;
  }

  /** Children first, and without a lease: what is taken down stays in use until it is gone. */
  #takeDown(containerId: ContainerId): Future<void> {
    const entry = this.#containers.get(containerId);
    // Its one request failed while we waited for it.
    if (!entry) return Future.ready();

    const nested = this.#containers.children(containerId).map((child) => this.#takeDown(child));
    return takeDownContainer(entry, nested, { ...this.#options, leftovers: this.#leftovers })
      .then(defer(this, () => this.#containers.forget(containerId)))
      .then(() => tellUse(this.#options.stores.values(), entry))
      .repair((failed) => {
        this.#report(reasonOf(failed.failure()));
        return failed;
      });
  }

  #recover(known: readonly ContainerId[]): Future<void> {
    const { paths, files, stores } = this.#options;
    const onRemoved = (path: string): void => void removeLeftover(path, this.#leftovers);
    return readProvisionedContainers(paths, files, { warn: this.#warn, onRemoved })
      .then(defer(this, this.#adopt, known))
      .then(() => collect([...stores.values()].map((store) => store.recover())))
      .then(defer(this, () => void (this.#recovered = true)));
  }

  /** Answers when the unknown containers are gone, or have been reported. */
  #adopt(known: readonly ContainerId[], found: readonly ProvisionedContainer[]): Future<unknown> {
    for (const container of found) {
      this.#containers.adopt(container);
      warnOfProblems(container, this.#options.backends, this.#warn);
    }
    return awaitAll(this.#containers.unknownTo(known).map((id) => this.#destroy(id)));
  }

  #prune(excluded: readonly ImageName[], options: ProvisionerPruneOptions): Future<StartedPrune> {
    const [unknown] = this.#containers.unknowns();
    if (unknown) throw new ProvisionerError('INVENTORY_INCOMPLETE', `Cannot prune images: ${unknown}`);
    return startPrune(this.#options, this.#containers, excluded, options);
  }

  /** Writes the record of a container as it is when its turn comes, one write at a time. */
  #checkpoint(entry: ContainerEntry): Future<void> {
    const { paths, files } = this.#options;
    return entry.records.add(() => writeLayersRecord(entry.id, [...entry.rootfses.values()], paths, files));
  }

  #requireRecovered(attempt: string): void {
    if (this.#recovered) return;
    throw new ProvisionerError('NOT_RECOVERED', `Cannot ${attempt}: the provisioner has not recovered yet`);
  }

  #refuseWhileDestroying(containerId: ContainerId): void {
    if (!this.#destructions.cover(containerId)) return;
    throw new ProvisionerError('CONTAINER_DESTROYING', `Container '${containerId}' is being destroyed`);
  }

  #report(warning: string): void {
    this.removeContainerErrors.increment();
    this.#warn(warning);
  }
}
