import type { Image, LayerId, PruneReport } from '@keelson/store';
import { emptyPruneReport, Store } from '@keelson/store';
import type { GetOptions, StorePruneOptions } from '@keelson/store';
import { Deferred, Future } from '@keelson/process';

/** Answers images it was given, records what it is asked, and waits where a test says so. */
export class FakeStore extends Store<FakeStore> {
  readonly calls: string[] = [];
  readonly roots = new Set<string>();
  /** Asked under the provisioner's write lock, in order. */
  readonly prunes: {
    readonly excluded: readonly string[];
    readonly activeLayers: readonly LayerId[];
    readonly options: StorePruneOptions;
  }[] = [];
  /** Whether it tells that a prune is open, as the real one does. */
  opensPrunes = false;
  /** Told the layers a prune must keep, at the moment it is served. */
  onPrune: (activeLayers: readonly LayerId[]) => void = () => {};
  readonly #images = new Map<string, Image>();
  readonly #gates = new Map<string, Deferred<void>>();

  constructor(readonly pruneOutcome: () => Future<PruneReport> = () => Future.ready(emptyPruneReport())) {
    super('fake-store');
  }

  /** Knows `name` from now on, as an image of these layers, base first. */
  add(name: string, layers: readonly string[]): void {
    this.#images.set(name, imageOf(name, layers));
  }

  /** Holds up every call of that name (`get alpine`, `prune`, `recover`) until `open`. */
  close(call: string): void {
    // Closed again while it is closed, it stays the gate that others stand before.
    if (!this.#gates.has(call)) this.#gates.set(call, new Deferred<void>());
  }

  open(call: string): void {
    this.#gates.get(call)?.set(undefined);
    this.#gates.delete(call);
  }

  /** Whether whoever asked has lost interest. */
  wasDiscarded(call: string): boolean {
    return this.#gates.get(call)?.future.hasDiscard() ?? false;
  }

  override recover(): Future<void> {
    this.calls.push('recover');
    return this.#pass('recover');
  }

  override get(reference: string, options: GetOptions = {}): Future<Image> {
    this.calls.push(`get ${reference}`);
    if (options.owner !== undefined) this.roots.add(options.owner);
    return this.#pass(`get ${reference}`).then(() => {
      const image = this.#images.get(reference);
      if (!image) throw Object.assign(new Error(`No image '${reference}'`), { code: 'IMAGE_NOT_FOUND' });
      return image;
    });
  }

  override release(owner: string): void {
    this.roots.delete(owner);
  }

  override prune(
    excluded: readonly string[],
    activeLayers: readonly LayerId[],
    options: StorePruneOptions = {},
  ): Future<PruneReport> {
    this.calls.push('prune');
    this.prunes.push({ excluded, activeLayers, options });
    this.onPrune(activeLayers);
    if (this.opensPrunes) options.onOpened?.();
    return this.#pass('prune').then(() => this.pruneOutcome());
  }

  /** A gate that gives way to a discard, as a pull nobody else wants does. */
  #pass(call: string): Future<void> {
    const gate = this.#gates.get(call);
    if (!gate) return Future.ready(undefined);
    gate.future.onDiscard(() => gate.discard());
    return gate.future;
  }
}

export function imageOf(name: string, layers: readonly string[]): Image {
  return {
    reference: `docker.io/library/${name}:latest`,
    digest: `sha256:${name}` as Image['digest'],
    config: {} as Image['config'],
    layers: layers.map((id) => ({ id, rootfs: `/layers/${id}/rootfs`, whiteouts: [], opaques: [], sizeBytes: 1 })),
  };
}
