import type { ImageConfig } from '@keelson/image';
import { chainIds, digestOf } from '@keelson/image';
import { Deferred, Future } from '@keelson/process';
import type { BlobRequest, FetchedBlob, ResolvedImage, ResolveRequest } from '@keelson/store';
import { Puller, StoreError } from '@keelson/store';
import type { MemoryFiles } from './memory-files.js';

/** An image made of texts: each layer's blob is its text, and its diff id the digest of the text. */
export function fakeImage(
  reference: string,
  layers: readonly string[],
  extra: Partial<ResolvedImage> = {},
): ResolvedImage {
  const diffIds = layers.map((text) => digestOf(Buffer.from(text)));
  const ids = chainIds(diffIds);
  const config: ImageConfig = {
    os: 'linux',
    architecture: 'amd64',
    env: [`LAYERS=${layers.join('+')}`],
    entrypoint: [],
    cmd: ['sh'],
    workingDirectory: '',
    user: '',
    volumes: [],
    exposedPorts: [],
    labels: {},
    diffIds,
  };
  return {
    reference,
    digest: digestOf(Buffer.from(`manifest of ${layers.join('+')}`)),
    configDigest: digestOf(Buffer.from(`config of ${layers.join('+')}`)),
    config,
    platform: { os: 'linux', architecture: 'amd64' },
    layers: layers.map((text, index) => ({
      id: ids[index]!,
      diffId: diffIds[index]!,
      digest: diffIds[index]!,
      sizeBytes: text.length,
      compression: 'none',
    })),
    origin: { scheme: 'docker', location: reference.slice(0, reference.lastIndexOf(':')) },
    ...extra,
  };
}

/** A source of images in memory that records what it is asked and can be made to wait. */
export class FakePuller extends Puller<FakePuller> {
  readonly resolved: string[] = [];
  readonly fetched: string[] = [];
  readonly requests: ResolveRequest[] = [];
  discards = 0;
  readonly #images = new Map<string, ResolvedImage>();
  readonly #texts = new Map<string, string>();
  #gates: { what: 'resolve' | 'fetch'; gate: Deferred<void> }[] = [];
  #faults: { text: string; location: string; error: Error }[] = [];

  constructor(private readonly files: MemoryFiles) {
    super('fake-puller');
  }

  /** Keyed as requests name it: a canonical reference, or the text of a local source. */
  offer(key: string, layers: readonly string[], extra: Partial<ResolvedImage> = {}): ResolvedImage {
    const image = fakeImage(key, layers, extra);
    this.#images.set(key, image);
    for (const text of layers) this.#texts.set(digestOf(Buffer.from(text)), text);
    return image;
  }

  failFetch(text: string, location: string, error: Error): void {
    this.#faults.push({ text, location, error });
  }

  hold(what: 'resolve' | 'fetch'): () => void {
    const entry = { what, gate: new Deferred<void>() };
    this.#gates.push(entry);
    return () => {
      this.#gates = this.#gates.filter((other) => other !== entry);
      entry.gate.set(undefined);
    };
  }

  override resolve(request: ResolveRequest): Future<ResolvedImage> {
    const { source } = request;
    this.requests.push(request);
    this.resolved.push(source.key);
    const image = this.#images.get(source.key);
    return this.#gated('resolve').then(() => {
      if (image) return image;
      throw new StoreError('IMAGE_NOT_FOUND', `there is no ${source.key}`);
    });
  }

  override fetch(
    blob: BlobRequest,
    targetPath: string,
    onProgress: (receivedBytes: number) => void,
  ): Future<FetchedBlob> {
    const text = this.#texts.get(blob.digest)!;
    this.fetched.push(text);
    return this.#gated('fetch').then(() => {
      const fault = this.#faults.find((each) => each.text === text && each.location === blob.origin.location);
      if (fault) throw fault.error;
      onProgress(text.length);
      this.files.put(targetPath, text);
      return { path: targetPath, temporary: true, downloadedBytes: text.length };
    });
  }

  /** A gate that can be given up, as a transfer can. */
  #gated(what: 'resolve' | 'fetch'): Future<void> {
    const held = this.#gates.find((entry) => entry.what === what);
    if (!held) return Future.ready();
    const waiting = new Deferred<void>();
    held.gate.future.onReady(() => void waiting.set(undefined));
    waiting.future.onDiscard(() => {
      this.discards += 1;
      waiting.discard();
    });
    return waiting.future;
  }
}
