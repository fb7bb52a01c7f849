import { digestOf, mediaTypes } from '@keelson/image';
import { gzipSync } from 'node:zlib';
import type { Member } from '../../../image/test/archive.js';
import { archive } from '../../../image/test/archive.js';

const platform = { os: 'linux', architecture: 'amd64' };
const hex = (bytes: Uint8Array): string => digestOf(bytes).slice('sha256:'.length);
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** A layer of one file. */
export function layerOf(name: string, content = name): Buffer {
  return archive({ name, content });
}

export function configOf(layers: readonly Buffer[]): Buffer {
  return json({ ...platform, rootfs: { type: 'layers', diff_ids: layers.map(digestOf) }, config: { Cmd: ['sh'] } });
}

export interface SavedImage {
  readonly tags: readonly string[] | null;
  readonly layers: readonly Buffer[];
}

/** What `docker save` wrote from 1.10 to 24: a folder a layer, and links where a layer comes again. */
export function oldShape(images: readonly SavedImage[]): Member[] {
  const members: Member[] = [];
  const folders = new Map<string, string>();
  const manifest = images.map(({ tags, layers }, image) => {
    const config = configOf(layers);
    members.push({ name: `${hex(config)}.json`, content: config });
    const names = layers.map((layer, index) => {
      const folder = hex(Buffer.from(`${image}-${index}`));
      const before = folders.get(hex(layer));
      const name = `${folder}/layer.tar`;
      if (before === undefined) members.push({ name, content: layer });
      else members.push({ name, type: '2', linkName: `../${before}/layer.tar` });
      folders.set(hex(layer), folder);
      return name;
    });
    return { Config: `${hex(config)}.json`, RepoTags: tags, Layers: names };
  });
  return [...members, { name: 'manifest.json', content: json(manifest) }, { name: 'repositories', content: '{}' }];
}

/** What it writes since 25: an OCI layout whose blobs `manifest.json` names too. */
export function newShape(images: readonly SavedImage[]): Member[] {
  const members = new Map<string, Member>();
  const blob = (bytes: Buffer): string => {
    const name = `blobs/sha256/${hex(bytes)}`;
    members.set(name, { name, content: bytes });
    return name;
  };
  const manifest = images.map(({ tags, layers }) => {
    return { Config: blob(configOf(layers)), RepoTags: tags, Layers: layers.map(blob) };
  });
  return [
    ...members.values(),
    ...layoutOf(images.map(({ layers }) => ({ name: undefined, layers }))).filter(({ name }) => !members.has(name)),
    { name: 'manifest.json', content: json(manifest) },
  ];
}

/** An OCI layout as members of an archive; layers are packed with gzip if asked for. */
export function layoutOf(
  images: readonly { readonly name: string | undefined; readonly layers: readonly Buffer[] }[],
  packed = false,
): Member[] {
  const members = new Map<string, Member>();
  const blob = (mediaType: string, bytes: Buffer): object => {
    const name = `blobs/sha256/${hex(bytes)}`;
    members.set(name, { name, content: bytes });
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const manifests = images.map(({ name, layers }) => {
    const layer = packed ? `${mediaTypes.ociLayer}+gzip` : mediaTypes.ociLayer;
    const manifest = json({
      schemaVersion: 2,
      config: blob(mediaTypes.ociConfig, configOf(layers)),
      layers: layers.map((bytes) => blob(layer, packed ? gzipSync(bytes) : bytes)),
    });
    const annotations = name === undefined ? {} : { 'org.opencontainers.image.ref.name': name };
    return { ...blob(mediaTypes.ociManifest, manifest), annotations };
  });
  return [
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: json({ schemaVersion: 2, manifests }) },
    ...members.values(),
  ];
}

/** An archive from before 1.10: no manifest and no configuration. */
export function legacyShape(name: string, layers: readonly Buffer[]): Member[] {
  const [repository, tag] = name.split(':');
  const idOf = (index: number): string => hex(Buffer.from(`legacy ${index}`));
  return [
    ...layers.flatMap((layer, index): Member[] => [
      { name: `${idOf(index)}/VERSION`, content: '1.0' },
      {
        name: `${idOf(index)}/json`,
        content: json({
          id: idOf(index),
          ...(index > 0 && { parent: idOf(index - 1) }),
          ...platform,
          config: { Cmd: ['sh'] },
        }),
      },
      { name: `${idOf(index)}/layer.tar`, content: layer },
    ]),
    { name: 'repositories', content: json({ [repository!]: { [tag!]: idOf(layers.length - 1) } }) },
  ];
}
