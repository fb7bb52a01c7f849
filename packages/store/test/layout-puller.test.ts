import { createHash } from 'node:crypto';
import { digestOf, mediaTypes } from '@keelson/image';
import type { Future, PID } from '@keelson/process';
import { Runtime, VirtualClock } from '@keelson/process';
import { LayoutPuller, loadedName, parseSource } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './support/memory-files.js';

const amd64 = { os: 'linux', architecture: 'amd64' };

class Layout {
  readonly files = new MemoryFiles();
  readonly runtime = new Runtime({ clock: new VirtualClock() });
  readonly puller: PID<LayoutPuller>;
  readonly #entries: object[] = [];

  constructor(readonly folder: string) {
    this.puller = this.runtime.spawn(new LayoutPuller({ files: this.files }));
    this.files.put(`${folder}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
    this.#write();
  }

  add(refName: string | undefined, layers: readonly string[]): string {
    const diffIds = layers.map((text) => digestOf(Buffer.from(text)));
    const config = JSON.stringify({ ...amd64, rootfs: { type: 'layers', diff_ids: diffIds } });
    const manifest = JSON.stringify({
      schemaVersion: 2,
      config: this.#blob(mediaTypes.ociConfig, config),
      layers: layers.map((text) => this.#blob(mediaTypes.ociLayer, text)),
    });
    const annotations = refName === undefined ? {} : { 'org.opencontainers.image.ref.name': refName };
    const descriptor = this.#blob(mediaTypes.ociManifest, manifest);
    this.#entries.push({ ...descriptor, annotations });
    this.#write();
    return descriptor.digest;
  }

  resolve(text: string): ReturnType<PID<LayoutPuller>['resolve']> {
    const resolved = this.puller.resolve({ source: parseSource(text), platform: amd64 });
    this.runtime.settle();
    return resolved;
  }

  #blob(mediaType: string, content: string): { mediaType: string; digest: string; size: number } {
    const hex = createHash('sha256').update(content).digest('hex');
    this.files.put(`${this.folder}/blobs/sha256/${hex}`, content);
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  }

  #write(): void {
    this.files.put(
      `${this.folder}/index.json`,
      JSON.stringify({ schemaVersion: 2, manifests: this.#entries }),
    );
  }
}

const codeOf = (future: Future<unknown>): unknown => (future.failure() as { code?: string }).code;

describe('layout puller', () => {
  it('reads the only image of a folder, and names it below localhost/', () => {
    const layout = new Layout('/images/My App');
    const digest = layout.add('1.2', ['a', 'b']);
    expect(layout.resolve('oci:/images/My App').get()).toMatchObject({
      reference: 'localhost/my-app:1.2',
      digest,
      origin: { scheme: 'oci', location: '/images/My App' },
      loadedFrom: 'oci:/images/My App',
      layers: [{ sizeBytes: 1 }, { sizeBytes: 1 }],
    });
  });

  it('takes the longest existing path, and the rest for the selection', () => {
    const layout = new Layout('/images/a:b');
    layout.add('one', ['a']);
    const two = layout.add('registry.test/app:two', ['b']);
    expect(layout.resolve('oci:/images/a:b:registry.test/app:two').get()).toMatchObject({
      digest: two,
      reference: 'registry.test/app:two',
      loadedFrom: 'oci:/images/a:b:registry.test/app:two',
    });
    expect(layout.resolve(`oci:/images/a:b:${two}`).get().digest).toBe(two);
    expect(codeOf(layout.resolve('oci:/images/a:b:three'))).toBe('IMAGE_NOT_FOUND');
    expect(codeOf(layout.resolve('oci:/images/a:b'))).toBe('SELECTION_NEEDED');
    expect(codeOf(layout.resolve('oci:/elsewhere'))).toBe('IMAGE_NOT_FOUND');
  });

  it('uses blobs where they lie', () => {
    const layout = new Layout('/images/app');
    layout.add(undefined, ['content']);
    const image = layout.resolve('oci:/images/app').get();
    const { digest, sizeBytes } = image.layers[0]!;
    const path = `/images/app/blobs/sha256/${digest.slice(7)}`;
    const fetch = (size: number): Future<unknown> => {
      const fetched = layout.puller.fetch({ origin: image.origin, digest, sizeBytes: size }, '/x', () => {});
      layout.runtime.settle();
      return fetched;
    };
    expect(fetch(sizeBytes).get()).toEqual({ path, temporary: false, downloadedBytes: 0, unverified: true });
    expect(codeOf(fetch(sizeBytes + 1))).toBe('SIZE_MISMATCH');
    layout.files.nodes.delete(path);
    expect(codeOf(fetch(sizeBytes))).toBe('LAYOUT_INVALID');
  });

  it('refuses documents that are not what their digest says, and folders that are no layout', () => {
    const layout = new Layout('/images/app');
    const digest = layout.add(undefined, ['a']);
    const path = `/images/app/blobs/sha256/${digest.slice(7)}`;
    const manifest = layout.files.text(path);
    layout.files.put(path, manifest.replace('schemaVersion', 'SchemaVersion'));
    expect(codeOf(layout.resolve('oci:/images/app'))).toBe('DIGEST_MISMATCH');
    layout.files.nodes.delete(path);
    expect(codeOf(layout.resolve('oci:/images/app'))).toBe('LAYOUT_INVALID');
    layout.files.put('/images/app/oci-layout', '{"imageLayoutVersion":"2.0.0"}');
    expect(codeOf(layout.resolve('oci:/images/app'))).toBe('LAYOUT_INVALID');
    layout.files.put('/images/app/oci-layout', 'null');
    expect(codeOf(layout.resolve('oci:/images/app'))).toBe('LAYOUT_INVALID');
  });
});

describe('the name of a loaded image', () => {
  it.each([
    ['docker.io/library/app:1', 'x', 'docker.io/library/app:1'],
    ['team/app:1', 'x', 'docker.io/team/app:1'],
    ['1.0', 'My_App.tar.gz', 'localhost/my-app:1.0'],
    ['not a tag!', 'app', 'localhost/app:latest'],
    [undefined, '---', 'localhost/image:latest'],
    ['Bad/Name', 'app', 'localhost/app:latest'],
  ])('%s from %s is %s', (recorded, baseName, name) => {
    expect(loadedName(recorded, baseName)).toBe(name);
  });
});
