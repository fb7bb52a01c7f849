import type { Digest } from '@keelson/image';
import type { LayerId } from './store.js';
import type { Holder } from './why.js';

/** Sentences of a prune's report, for what is needed by something else than a root. */
export const standsOn = 'a container stands on it';
export const pullNeeds = 'a pull needs it';

/** What one owner keeps alive. */
export interface Root {
  readonly owner: string;
  readonly references: ReadonlySet<string>;
  readonly digests: ReadonlySet<Digest>;
  readonly layers: ReadonlySet<LayerId>;
}

export interface Holding {
  readonly reference?: string;
  readonly digest?: Digest;
  readonly layers?: Iterable<LayerId>;
}

/**
 * Who needs which images and layers right now. Root first, object second: an entry is made before the first
 * asynchronous step of whatever needs the object.
 *
 * While a prune is open (`openPrune`), what is released lingers until all prunes open then have ended: a container
 * whose layer record became durable during the prune is in nobody's list of active layers yet.
 */
export class Roots {
  readonly #held = new Map<string, MutableRoot>();
  /** With the number of the prune that was opened last: the root lasts as long as that one, or an earlier. */
  #lingering: { readonly root: MutableRoot; readonly since: number }[] = [];
  readonly #openPrunes = new Set<number>();
  #prunes = 0;

  hold(owner: string, holding: Holding): void {
    const root = this.#held.get(owner) ?? {
      owner,
      references: new Set(),
      digests: new Set(),
      layers: new Set(),
    };
    this.#held.set(owner, root);
    if (holding.reference !== undefined) root.references.add(holding.reference);
    if (holding.digest !== undefined) root.digests.add(holding.digest);
    for (const id of holding.layers ?? []) root.layers.add(id);
  }

  /** True if `owner` still holds `reference`: it has not been released since it asked. */
  holds(owner: string, reference: string): boolean {
    return this.#held.get(owner)?.references.has(reference) ?? false;
  }

  release(owner: string): void {
    const root = this.#held.get(owner);
    if (!root) return;
    this.#held.delete(owner);
    if (this.#openPrunes.size > 0) this.#lingering.push({ root, since: this.#prunes });
  }

  /** From now on what is released lingers; answers the number to close it by. */
  openPrune(): number {
    this.#prunes += 1;
    this.#openPrunes.add(this.#prunes);
    return this.#prunes;
  }

  closePrune(prune: number): void {
    this.#openPrunes.delete(prune);
    const first = Math.min(...this.#openPrunes);
    this.#lingering = this.#lingering.filter(({ since }) => since >= first);
  }

  /** Every reference that is used or held, and by whom. */
  heldReferences(users: readonly Holder[] = []): ReadonlyMap<string, string> {
    const held = new Map<string, string>();
    for (const { name, references } of users) addAll(held, references, usedBy(name));
    for (const { owner, references } of this.list()) addAll(held, references, heldBy(owner));
    return held;
  }

  /**
   * Every layer that is needed, and why: by containers, by roots, or by work under way that may have no root
   * left.
   *
   * @param users  who of the containers stands on what, for better reasons
   */
  liveLayers(
    active: Iterable<LayerId>,
    busy: Iterable<LayerId>,
    users: readonly Holder[] = [],
  ): ReadonlyMap<LayerId, string> {
    const live = new Map<LayerId, string>();
    for (const { name, layers } of users) addAll(live, layers, usedBy(name));
    addAll(live, active, standsOn);
    for (const { owner, layers } of this.list()) addAll(live, layers, heldBy(owner));
    addAll(live, busy, pullNeeds);
    return live;
  }

  /** Why one layer is needed by a root. Makes nothing: a prune asks it for every layer. */
  whyLive(id: LayerId): string | undefined {
    for (const root of this.#held.values()) if (root.layers.has(id)) return heldBy(root.owner);
    for (const { root } of this.#lingering) if (root.layers.has(id)) return heldBy(root.owner);
    return undefined;
  }

  /** How many are held, and how many linger for a prune that is open. */
  get counts(): { readonly held: number; readonly lingering: number } {
    return { held: this.#held.size, lingering: this.#lingering.length };
  }

  /** Every root, those that linger included. */
  list(): readonly Root[] {
    return [...this.#held.values(), ...this.#lingering.map(({ root }) => root)];
  }
}

interface MutableRoot extends Root {
  readonly references: Set<string>;
  readonly digests: Set<Digest>;
  readonly layers: Set<LayerId>;
}

/** The reason of a container: its name begins with what it is, `container web`. */
export function usedBy(name: string): string {
  return `used by ${name}`;
}

function heldBy(owner: string): string {
  return `in use by ${owner}`;
}

/** The first reason stays. */
function addAll(reasons: Map<string, string>, objects: Iterable<string>, why: string): void {
  for (const object of objects) if (!reasons.has(object)) reasons.set(object, why);
}
