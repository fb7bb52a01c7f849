import type { ReadyItem } from '@keelson/process';
import { layersRecord } from './layers-record.js';
import { removedPrefix } from '@keelson/provisioner';
import type { SimulatedWorld } from '@keelson/simulation';
import { check } from './check.js';
import { namesAt, nodeAt } from './disk-view.js';
import type { Insides } from './life.js';

/**
 * Looks after every step of a world whether somebody's layer went.
 *
 * - A layer that a root, a container in memory or a container on record needs is never renamed away (P1).
 * - What a container on record or in memory stands on is there, whole (P1), and so is every listed image (P2).
 *
 * The records are read from the disk, so that a container which is durable but in nobody's memory counts too.
 */
export class LayerWatch {
  /** Renames seen when they were asked for; each is judged at that moment, when it can still be held back. */
  readonly #judged = new Set<string>();
  /** Layers the store has said are there. What was put in its place and taken back at once was never there for anybody. */
  readonly #published = new Set<string>();
  /** Layers that are whole and were seen so: the node is a value, so the same node is the same tree. */
  readonly #whole = new Map<string, unknown>();
  /** Containers that were being destroyed in an earlier life: their record may come back without their layers. */
  readonly #forgiven = new Set<string>();
  readonly #destroying = new Set<string>();
  /** What was read from the disk, as long as nothing on it changes: most steps of a run change nothing there. */
  #seen: { readonly changes: number; readonly recorded: ReadonlyMap<string, string>; readonly whole: Set<string> } | undefined;
  #hasRecovered = false;

  constructor(
    private readonly world: SimulatedWorld,
    private readonly insides: Insides,
  ) {}

  /** From now on `id`, and what is nested in it, may go. */
  destroying(id: string): void {
    this.#destroying.add(id);
  }

  forgive(earlier: LayerWatch): void {
    for (const id of [...earlier.#forgiven, ...earlier.#destroying]) this.#forgiven.add(id);
    this.#seen = undefined;
  }

  look(ready: readonly ReadyItem[]): void {
    if (this.insides.store === undefined) return;
    this.#lookAtRenames(ready);
    for (const { id } of this.insides.store.layers()) this.#published.add(id);
    for (const [id, why] of this.#stoodOn()) check(this.#isWhole(id), () => `P1: layer ${short(id)} of ${why} is gone`);
    const listed = this.insides.metadata?.images().images ?? [];
    if (!this.#recovered) return;
    for (const { reference, layers } of listed) {
      for (const id of layers) check(this.#isWhole(id), () => `P2: layer ${short(id)} of listed ${reference} is gone`);
    }
  }

  /** Before the end of a recovery the journal may list what the directories have lost. */
  get #recovered(): boolean {
    if (this.#hasRecovered) return true;
    // Asked in every step until then, and told by an error: its stack is of no use and costs more than the step.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      this.#hasRecovered = this.insides.store.recovery() !== undefined;
    } catch {
      // Not yet.
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    return this.#hasRecovered;
  }

  #lookAtDisk(): Map<string, string> {
    const { changes } = this.world.disk;
    if (this.#seen?.changes !== changes) {
      const recorded = new Map<string, string>();
      this.#recorded(this.world.provisionerPaths.containers, '', recorded);
      this.#seen = { changes, recorded, whole: new Set() };
    }
    return new Map(this.#seen.recorded);
  }

  #lookAtRenames(ready: readonly ReadyItem[]): void {
    const prefix = `rename ${this.world.storePaths.layers}/`;
    let needed: ReadonlyMap<string, string> | undefined;
    const seen: string[] = [];
    for (const { label, cause } of ready) {
      if (!label.startsWith(prefix)) continue;
      const key = `${label} ${cause}`;
      seen.push(key);
      if (this.#judged.has(key)) continue;
      const [id = ''] = label.slice(prefix.length).split(' ');
      // A broken layer is moved aside by whoever found it broken.
      if (nodeAt(this.world.disk, this.world.storePaths.rootfs(id)) === undefined) continue;
      needed ??= this.#needed();
      if (this.#recovered && !this.#published.delete(id)) continue;
      check(!needed.has(id), () => `P1: layer ${short(id)} is renamed away though ${needed?.get(id)} needs it`);
    }
    this.#judged.clear();
    for (const key of seen) this.#judged.add(key);
  }

  #needed(): ReadonlyMap<string, string> {
    const needed = this.#stoodOn();
    for (const { owner, layers } of this.insides.store.roots()) {
      for (const id of layers) needed.set(id, `root '${owner}'`);
    }
    return needed;
  }

  /** Layers under containers, those on record and those in memory. */
  #stoodOn(): Map<string, string> {
    const layers = this.#lookAtDisk();
    const containers = this.insides.provisioner?.containers();
    for (const { id, rootfses } of containers?.isReady() ? containers.get() : []) {
      if (this.#isForgiven(id)) continue;
      for (const rootfs of rootfses) for (const layer of rootfs.layers) layers.set(layer, `container ${id}`);
    }
    return layers;
  }

  #recorded(directory: string, parent: string, layers: Map<string, string>): void {
    // What was put aside is no container any more.
    for (const name of namesAt(this.world.disk, directory).filter((each) => !each.startsWith(removedPrefix))) {
      const id = `${parent}${name}`;
      const record = nodeAt(this.world.disk, `${directory}/${name}/layers`);
      if (record?.kind === 'file' && !this.#isForgiven(id)) {
        for (const layer of layersRecord(record.content)) layers.set(layer, `container ${id} on record`);
      }
      this.#recorded(`${directory}/${name}/containers`, `${id}.`, layers);
    }
  }

  /** What is nested goes with what it is nested in. */
  #isForgiven(id: string): boolean {
    if (this.#forgiven.size === 0) return false;
    return [...this.#forgiven].some((gone) => id === gone || id.startsWith(`${gone}.`));
  }

  #isWhole(id: string): boolean {
    if (this.#seen?.whole.has(id)) return true;
    const isWhole = this.#looksWhole(id);
    if (isWhole) this.#seen?.whole.add(id);
    return isWhole;
  }

  #looksWhole(id: string): boolean {
    const node = nodeAt(this.world.disk, this.world.storePaths.rootfs(id));
    if (node?.kind !== 'directory') return false;
    const known = this.#whole.get(id);
    if (known === node) return true;
    // Published by one rename, so the first look sees it whole; after that nothing may leave it.
    if (known !== undefined && node.entries.size < (known as typeof node).entries.size) return false;
    this.#whole.set(id, node);
    return node.entries.size > 0;
  }
}

function short(id: string): string {
  return id.slice(0, 8);
}
