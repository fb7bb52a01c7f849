import type { PID } from '@keelson/process';
import { awaitAll, collect, defer, Future, undiscardable } from '@keelson/process';
import type { ContainerId, ImageName } from '@keelson/provisioner';
import { parentOf, rootOf } from '@keelson/provisioner';
import type { PruneOptions, PruneReport } from '@keelson/store';
import type { ContainerConfig } from './container-config.js';
import type { ContainerInfo } from './container-info.js';
import type { ContainerTermination } from './container-termination.js';
import type { LaunchOptions, LaunchResult } from './containerizer.js';
import { Containerizer } from './containerizer.js';
import { ContainerizerError } from './containerizer-error.js';
import type { LaunchedProcess } from './launcher.js';
import { joinPrunes } from './join-prunes.js';

/** A containerizer under the name that reports use for it. */
export interface NamedContainerizer {
  readonly name: string;
  readonly containerizer: PID<Containerizer>;
}

/** Who has a container, or is being asked to take it. */
interface Entry {
  owner: PID<Containerizer>;
  launching: boolean;
  /** Somebody wanted it gone while it was offered around: no other containerizer is asked then. */
  destroyed: boolean;
}

/**
 * Several containerizers as one. A launch is offered to them in order until one takes it; from then on
 * everything about that container goes there. What is nested goes where its root container is.
 *
 * An entry is made before the first containerizer is asked and stays for as long as its owner knows the
 * container, ended ones included. Owners share and protect their own futures; none is shared here, so a
 * discarded `wait` cannot reach a `destroy` (MESOS-7926, MESOS-8391). Mirrors Mesos
 * `slave/containerizer/composing.cpp`.
 */
export class ComposingContainerizer extends Containerizer<ComposingContainerizer> {
  readonly #entries = new Map<ContainerId, Entry>();

  /** @param containerizers  in the order in which a launch is offered to them */
  constructor(private readonly containerizers: readonly NamedContainerizer[]) {
    super('containerizer-composing');
  }

  override recover(): Future<void> {
    const recovered = this.containerizers.map(({ containerizer }) =>
      containerizer
        .recover()
        .then(() => containerizer.containers())
        .then(defer(this, this.#adopt, containerizer)),
    );
    return collect(recovered).then(() => undefined);
  }

  override launch(
    id: ContainerId,
    config: ContainerConfig,
    options: LaunchOptions = {},
  ): Future<LaunchResult> {
    if (this.#entries.has(id)) return Future.ready('ALREADY_LAUNCHED');
    const candidates =
      parentOf(id) === undefined
        ? this.containerizers.map((each) => each.containerizer)
        : [this.#ownerOfRoot(id)];
    const [first] = candidates;
    if (!first) return Future.ready('NOT_SUPPORTED');

    const entry: Entry = { owner: first, launching: true, destroyed: false };
    this.#entries.set(id, entry);
    return undiscardable(this.#offer(id, entry, candidates, config, options));
  }

  override wait(id: ContainerId): Future<ContainerTermination | undefined> {
    const owner = this.#ownerOf(id);
    return owner ? undiscardable(owner.wait(id)) : Future.ready(undefined);
  }

  override destroy(id: ContainerId): Future<ContainerTermination | undefined> {
    const entry = this.#entries.get(id);
    if (!entry) return this.wait(id);
    if (entry.launching) entry.destroyed = true;
    const destroyed = entry.owner
      .destroy(id)
      .then(
        defer(this, (termination: ContainerTermination | undefined) =>
          this.#forgetUnlessKnown(id, entry).then(() => termination),
        ),
      );
    return undiscardable(destroyed);
  }

  override kill(id: ContainerId, signal: string): Future<boolean> {
    return this.#entries.get(id)?.owner.kill(id, signal) ?? Future.ready(false);
  }

  /** A container that is being offered around is STARTING. */
  override containers(): Future<readonly ContainerInfo[]> {
    return collect(this.containerizers.map(({ containerizer }) => containerizer.containers())).then(
      defer(this, (lists: readonly (readonly ContainerInfo[])[]): ContainerInfo[] => {
        const known = lists.flat();
        const ids = new Set(known.map(({ id }) => id));
        const offered = [...this.#entries].filter(([id, { launching }]) => launching && !ids.has(id));
        return [...known, ...offered.map(([id]): ContainerInfo => ({ id, state: 'STARTING' }))];
      }),
    );
  }

  override status(id: ContainerId): Future<ContainerInfo> {
    const owner = this.#entries.get(id)?.owner;
    if (!owner) throw new ContainerizerError('NO_SUCH_CONTAINER', `There is no container '${id}'`);
    return owner.status(id);
  }

  override processOf(id: ContainerId): Future<LaunchedProcess | undefined> {
    return this.#entries.get(id)?.owner.processOf(id) ?? Future.ready(undefined);
  }

  override remove(id: ContainerId): Future<void> {
    const owner = this.#ownerOf(id);
    if (!owner) return Future.ready(undefined);
    return undiscardable(owner.remove(id)).then(defer(this, () => this.#forgetTree(id)));
  }

  override quiesce(): Future<void> {
    const quiescing = this.containerizers.map(({ containerizer }) => containerizer.quiesce());
    return awaitAll(quiescing).then((): void => undefined);
  }

  /**
   * All prune beside each other; one that fails does not stop the others.
   *
   * @throws ContainerizerError PRUNE_PARTIAL  with what the others did, and who failed with which code (T33)
   */
  override pruneImages(excluded: readonly ImageName[], options?: PruneOptions): Future<PruneReport> {
    const names = this.containerizers.map(({ name }) => name);
    const prunes = this.containerizers.map(({ containerizer }) => containerizer.pruneImages(excluded, options));
    return awaitAll(prunes).then((settled) => joinPrunes(names, settled));
  }

  #offer(
    id: ContainerId,
    entry: Entry,
    [owner, ...others]: readonly PID<Containerizer>[],
    config: ContainerConfig,
    options: LaunchOptions,
  ): Future<LaunchResult> {
    entry.owner = owner!;
    return entry.owner
      .launch(id, config, options)
      .then(
        defer(this, (result: LaunchResult): LaunchResult | Future<LaunchResult> => {
          if (result !== 'NOT_SUPPORTED') {
            entry.launching = false;
            return result;
          }
          if (others.length > 0 && !entry.destroyed) return this.#offer(id, entry, others, config, options);
          this.#forget(id, entry);
          if (others.length === 0) return result;
          throw new ContainerizerError(
            'CONTAINER_DESTROYED',
            `Container '${id}' was destroyed while launching`,
          );
        }),
      )
      .recover(
        defer(this, (failed: Future<LaunchResult>) => {
          entry.launching = false;
          return this.#forgetUnlessKnown(id, entry).then(() => failed);
        }),
      );
  }

  /** What failed or ended may have left something its owner still answers for. */
  #forgetUnlessKnown(id: ContainerId, entry: Entry): Future<void> {
    if (entry.launching) return Future.ready(undefined);
    return entry.owner
      .status(id)
      .then(() => undefined)
      .recover(defer(this, () => this.#forget(id, entry)));
  }

  #forget(id: ContainerId, entry: Entry): void {
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
  }

  #forgetTree(id: ContainerId): void {
    for (const each of this.#entries.keys()) {
      if (each === id || each.startsWith(`${id}.`)) this.#entries.delete(each);
    }
  }

  #adopt(owner: PID<Containerizer>, containers: readonly ContainerInfo[]): void {
    for (const { id } of containers) this.#entries.set(id, { owner, launching: false, destroyed: false });
  }

  /** A nested container may be gone from the table; who has its root can still tell about it. */
  #ownerOf(id: ContainerId): PID<Containerizer> | undefined {
    return (this.#entries.get(id) ?? this.#entries.get(rootOf(id)))?.owner;
  }

  #ownerOfRoot(id: ContainerId): PID<Containerizer> {
    const root = this.#entries.get(rootOf(id));
    if (root) return root.owner;
    throw new ContainerizerError(
      'PARENT_UNUSABLE',
      `Cannot launch '${id}': root container '${rootOf(id)}' not found`,
    );
  }
}
