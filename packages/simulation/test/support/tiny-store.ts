import type { Future } from '@keelson/process';
import { defer, Process } from '@keelson/process';

/** Fetches what is missing; a process of its own, so that its answer comes some turns later. */
export class TinyPuller extends Process<TinyPuller> {
  constructor() {
    super('puller');
  }

  pull(name: string, cached: boolean): string | undefined {
    return cached ? undefined : `layer of ${name}`;
  }
}

/**
 * As little of an image store as has the race of the real ones: `get` asks the puller for a layer unless it is here, and
 * roots it; `prune` removes layers without a root. The racy store roots only when the answer is there, so that a prune
 * in between takes the layer `get` relies on.
 */
export class TinyStore extends Process<TinyStore> {
  readonly layers = new Map<string, string>([['a', 'layer of a']]);
  readonly roots = new Map<string, number>();

  constructor(
    private readonly puller: { pull(name: string, cached: boolean): Future<string | undefined> },
    private readonly rootsFirst: boolean,
  ) {
    super('store');
  }

  get(name: string): Future<void> {
    if (this.rootsFirst) this.#root(name);
    return this.puller.pull(name, this.layers.has(name)).then(defer(this, this.#keep, name));
  }

  prune(): void {
    for (const name of this.layers.keys()) if (!this.roots.has(name)) this.layers.delete(name);
  }

  release(name: string): void {
    const count = this.roots.get(name) ?? 0;
    if (count > 1) this.roots.set(name, count - 1);
    else this.roots.delete(name);
  }

  #keep(name: string, pulled: string | undefined): void {
    if (!this.rootsFirst) this.#root(name);
    if (pulled !== undefined) this.layers.set(name, pulled);
  }

  #root(name: string): void {
    this.roots.set(name, (this.roots.get(name) ?? 0) + 1);
  }
}
