import type { Digest } from '@keelson/image';
import type { LayerId } from './store.js';

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
 * While a prune is open (`openPrune`), what is released lingers until the last open prune ends: a container whose
 * layer record became durable during the prune is in nobody's list of active layers yet.
 */
export class Roots {
  readonly #held = new Map<string, MutableRoot>();
  #lingering: MutableRoot[] = [];
  #openPrunes = 0;

  hold(owner: string, holding: Holding): void {
    const root = this.#held.get(owner) ?? { owner, references: new Set(), digests: new Set(), layers: new Set() };
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
    if (this.#openPrunes > 0) this.#lingering.push(root);
  }

  openPrune(): void {
    this.#openPrunes += 1;
  }

  closePrune(): void {
    this.#openPrunes -= 1;
    if (this.#openPrunes === 0) this.#lingering = [];
  }

  /** Every root, those that linger included. */
  list(): readonly Root[] {
    return [...this.#held.values(), ...this.#lingering];
  }
}

interface MutableRoot extends Root {
  readonly references: Set<string>;
  readonly digests: Set<Digest>;
  readonly layers: Set<LayerId>;
}
