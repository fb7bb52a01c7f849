import type { Future } from '@keelson/process';
import { Sequence } from '@keelson/process';
import type { Holder, LayerId } from '@keelson/store';
import type { ContainerId } from './container-id.js';
import { ancestorsOf, parentOf } from './container-id.js';
import type { ImageUser } from './image-user.js';
import type { ProvisionedContainer, ProvisionedRootfs } from './provisioned-container.js';

/** What the provisioner remembers of one container. */
export interface ContainerEntry {
  readonly id: ContainerId;
  /**
   * By rootfs id: a container has its own image and any number of image volumes, and all of their layers
   * count.
   */
  readonly rootfses: Map<string, ProvisionedRootfs>;
  /** Requests at work on it; its destruction waits for them. */
  readonly provisioning: Set<Future<unknown>>;
  layersUnknown: string | undefined;
  /** It may have a folder, so it goes only by being destroyed. */
  onDisk: boolean;
  /** Its record is written by one request after the other: the last one written must be the newest. */
  readonly records: Sequence;
}

/**
 * The provisioner's memory: which containers there are and which layers each stands on. No actor, no I/O.
 *
 * Every ancestor of an entry is an entry too, so a parent without an image of its own can be destroyed like
 * any other.
 */
export class ContainerTable {
  readonly #entries = new Map<ContainerId, ContainerEntry>();

  get(id: ContainerId): ContainerEntry | undefined {
    return this.#entries.get(id);
  }

  /** The entry of `id`, made with its ancestors' where missing. */
  open(id: ContainerId): ContainerEntry {
    const known = this.#entries.get(id);
    if (known) return known;

    const parent = parentOf(id);
    if (parent !== undefined) this.open(parent);
    const entry: ContainerEntry = {
      id,
      rootfses: new Map(),
      provisioning: new Set(),
      layersUnknown: undefined,
      onDisk: false,
      records: new Sequence(),
    };
    this.#entries.set(id, entry);
    return entry;
  }

  /** From now on the container has a folder, and so have those it is nested in. */
  markOnDisk(id: ContainerId): void {
    for (const above of [id, ...ancestorsOf(id)]) this.open(above).onDisk = true;
  }

  /** Takes up what was found on disk. */
  adopt({ id, rootfses, layersUnknown }: ProvisionedContainer): void {
    const entry = this.open(id);
    this.markOnDisk(id);
    entry.layersUnknown = layersUnknown;
    for (const rootfs of rootfses) entry.rootfses.set(rootfs.rootfsId, rootfs);
  }

  /**
   * The outermost containers that are not `known`; what is nested in them is not either.
   * A known container keeps those it is nested in.
   */
  unknownTo(known: readonly ContainerId[]): ContainerId[] {
    const kept = new Set(known.flatMap((id) => [id, ...ancestorsOf(id)]));
    return [...this.#entries.keys()].filter((id) => {
      const parent = parentOf(id);
      return !kept.has(id) && (parent === undefined || kept.has(parent));
    });
  }

  forget(id: ContainerId): void {
    this.#entries.delete(id);
  }

  /** Forgets `id` and its ancestors as far as they were made for a request that left nothing on disk. */
  forgetUnused(id: ContainerId): void {
    for (const unused of [id, ...ancestorsOf(id)]) {
      const entry = this.#entries.get(unused);
      if (!entry || entry.onDisk || entry.provisioning.size > 0 || this.children(unused).length > 0) return;
      this.#entries.delete(unused);
    }
  }

  /** The containers nested directly in `id`. */
  children(id: ContainerId): ContainerId[] {
    return [...this.#entries.keys()].filter((other) => parentOf(other) === id);
  }

  /** `id` and everything nested in it, at any depth. */
  subtree(id: ContainerId): ContainerEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.id === id || entry.id.startsWith(`${id}.`));
  }

  /** Every layer some container stands on, each once. */
  layersInUse(): LayerId[] {
    const layers = new Set<LayerId>();
    for (const entry of this.#entries.values()) {
      for (const rootfs of entry.rootfses.values()) rootfs.layers.forEach((layer) => layers.add(layer));
    }
    return [...layers].toSorted();
  }

  /**
   * Who uses what, for the reasons in a report: every container with the layers it stands on. The images of those in
   * `users` are in use by their names too, those they asked for and those their root filesystems were made from.
   */
  holders(users: readonly ImageUser[]): Holder[] {
    const names = new Map(users.map(({ container, images }) => [container, images.map(({ name }) => name)]));
    const holderOf = (id: ContainerId, rootfses: readonly ProvisionedRootfs[]): Holder => {
      const asked = names.get(id);
      const references = asked ? [...asked, ...rootfses.map(({ reference }) => reference)] : [];
      const layers = new Set(rootfses.flatMap((rootfs) => rootfs.layers));
      return { name: `container ${id}`, references, layers: [...layers] };
    };
    const known = [...this.#entries.values()].map(({ id, rootfses }) => holderOf(id, [...rootfses.values()]));
    const unprovisioned = [...names.keys()].filter((id) => !this.#entries.has(id));
    return [...known, ...unprovisioned.map((id) => holderOf(id, []))];
  }

  /** Reasons why the layers in use are not all known; empty when they are. */
  unknowns(): string[] {
    return [...this.#entries.values()].flatMap(({ layersUnknown }) => layersUnknown ?? []);
  }

  /** A copy for callers, in the order of the ids. */
  list(): ProvisionedContainer[] {
    return [...this.#entries.values()]
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, rootfses, layersUnknown }) => ({
        id,
        rootfses: [...rootfses.values()],
        ...(layersUnknown !== undefined && { layersUnknown }),
      }));
  }
}
