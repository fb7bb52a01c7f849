import { ImageError, layerFormat, mediaTypes, parseManifest } from '@keelson/image';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const digest = `sha256:${'a'.repeat(64)}`;
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const descriptor = (mediaType: string, more = {}) => ({ mediaType, digest, size: 7, ...more });
const manifest = (more = {}) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptor(mediaTypes.ociConfig),
  layers: [descriptor(`${mediaTypes.ociLayer}+gzip`)],
  ...more,
});
const index = (more = {}) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [
    descriptor(mediaTypes.ociManifest, { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }),
  ],
  ...more,
});
const codeOf = (f: () => unknown) => {
  try {
    f();
    return 'accepted';
  } catch (error) {
    return error instanceof ImageError ? error.code : `bug: ${String(error)}`;
  }
};

describe('a manifest', () => {
  it('is read with its configuration and its layers, base first', () => {
    expect(parseManifest(bytes(manifest()))).toEqual({
      kind: 'manifest',
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest, sizeBytes: 7, annotations: {} },
      layers: [
        {
          mediaType: `${mediaTypes.ociLayer}+gzip`,
          digest,
          sizeBytes: 7,
          annotations: {},
          compression: 'gzip',
          foreign: false,
          urls: [],
        },
      ],
      annotations: {},
    });
  });

  it('may leave its type to the Content-Type, parameters and all', () => {
    const { mediaType, ...untyped } = manifest();
    expect(parseManifest(bytes(untyped), `${mediaTypes.dockerManifest}; charset=utf-8`).mediaType).toBe(
      mediaTypes.dockerManifest,
    );
    expect(parseManifest(bytes(untyped)).mediaType).toBe(mediaType);
    expect(parseManifest(bytes(untyped), 'application/json').mediaType).toBe(mediaType);
  });

  it('lists foreign layers as such, with the addresses they name', () => {
    const layers = [descriptor(`${mediaTypes.dockerForeignLayer}.gzip`, { urls: ['http://elsewhere/'] })];
    expect(parseManifest(bytes(manifest({ layers })))).toMatchObject({
      layers: [{ foreign: true, urls: ['http://elsewhere/'] }],
    });
  });

  it.each([
    ['a Content-Type that disagrees', manifest(), mediaTypes.dockerManifest, 'MEDIA_TYPE_MISMATCH'],
    [
      'a manifest that says it is an index',
      manifest({ mediaType: mediaTypes.ociIndex }),
      undefined,
      'MEDIA_TYPE_MISMATCH',
    ],
    [
      'an index that says it is a manifest',
      index({ mediaType: mediaTypes.ociManifest }),
      undefined,
      'MEDIA_TYPE_MISMATCH',
    ],
    ['layers beside manifests', { ...index(), layers: [] }, undefined, 'INVALID_MANIFEST'],
    [
      'a configuration beside manifests',
      { ...index(), config: descriptor('x') },
      undefined,
      'INVALID_MANIFEST',
    ],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, undefined, 'SCHEMA1_UNSUPPORTED'],
    [
      'schema 1 by its type',
      { schemaVersion: 1 },
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      'SCHEMA1_UNSUPPORTED',
    ],
    ['schema 1 layers in a schema 2 manifest', manifest({ fsLayers: [] }), undefined, 'SCHEMA1_UNSUPPORTED'],
    ['no schema version', manifest({ schemaVersion: undefined }), undefined, 'INVALID_MANIFEST'],
    ['schema version 3', manifest({ schemaVersion: 3 }), undefined, 'INVALID_MANIFEST'],
    [
      'a Helm chart',
      manifest({ config: descriptor('application/vnd.cncf.helm.config.v1+json') }),
      undefined,
      'NOT_AN_IMAGE',
    ],
    [
      'an attestation',
      manifest({ layers: [descriptor('application/vnd.in-toto+json')] }),
      undefined,
      'NOT_AN_IMAGE',
    ],
    ['an unknown document', manifest({ mediaType: 'application/x' }), undefined, 'NOT_AN_IMAGE'],
    [
      'an encrypted layer',
      manifest({ layers: [descriptor(`${mediaTypes.ociLayer}+gzip+encrypted`)] }),
      undefined,
      'UNSUPPORTED_LAYER',
    ],
    ['no layers', manifest({ layers: [] }), undefined, 'NO_LAYERS'],
    ['layers of null', manifest({ layers: null }), undefined, 'NO_LAYERS'],
    [
      'a negative size',
      manifest({ config: descriptor(mediaTypes.ociConfig, { size: -1 }) }),
      undefined,
      'INVALID_MANIFEST',
    ],
    [
      'a broken size',
      manifest({ config: descriptor(mediaTypes.ociConfig, { size: 1.5 }) }),
      undefined,
      'INVALID_MANIFEST',
    ],
    [
      'a size no double holds',
      manifest({ config: descriptor(mediaTypes.ociConfig, { size: 2 ** 53 }) }),
      undefined,
      'INVALID_MANIFEST',
    ],
    [
      'a digest that is a path',
      manifest({ config: descriptor(mediaTypes.ociConfig, { digest: '../x' }) }),
      undefined,
      'INVALID_MANIFEST',
    ],
    ['a layer that is no object', manifest({ layers: [7] }), undefined, 'INVALID_MANIFEST'],
    ['layers in an object', manifest({ layers: {} }), undefined, 'INVALID_MANIFEST'],
    ['an array', [], undefined, 'INVALID_MANIFEST'],
    ['null', null, undefined, 'INVALID_MANIFEST'],
    [
      'too many layers',
      manifest({ layers: Array(1001).fill(descriptor(mediaTypes.ociLayer)) }),
      undefined,
      'INVALID_MANIFEST',
    ],
  ])('is refused with %s', (_, document, contentType, code) => {
    expect(codeOf(() => parseManifest(bytes(document), contentType))).toBe(code);
  });

  it.each([
    ['not JSON', Buffer.from('{')],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['nested too deep', Buffer.from(`{"x":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`)],
    ['too long', Buffer.alloc(5 * 1024 * 1024, 0x20)],
  ])('is refused when it is %s', (_, document) => {
    expect(codeOf(() => parseManifest(document))).toBe('INVALID_MANIFEST');
  });

  it('counts depth outside strings only', () => {
    expect(codeOf(() => parseManifest(bytes(manifest({ note: `\\"${'['.repeat(100)}` }))))).toBe('accepted');
  });

  it('does not read inherited fields', () => {
    expect(codeOf(() => parseManifest(Buffer.from('{"schemaVersion":2,"__proto__":{"manifests":[]}}')))).toBe(
      'INVALID_MANIFEST',
    );
  });

  it('refuses whatever JSON with a code and never with a bug', () => {
    const field = fc.constantFrom(
      'schemaVersion',
      'mediaType',
      'config',
      'layers',
      'manifests',
      'size',
      'digest',
      'platform',
      'urls',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>(2, digest, ...Object.values(mediaTypes), null, -1, ''),
        tie('list'),
        tie('map'),
      ),
      list: fc.array(tie('any'), { maxLength: 3 }),
      map: fc.dictionary(field, tie('any'), { maxKeys: 6 }),
    }));
    fc.assert(
      fc.property(
        value.any,
        fc.constantFrom(undefined, ...Object.values(mediaTypes)),
        (document, contentType) => {
          expect(codeOf(() => parseManifest(bytes(document), contentType))).not.toMatch(/^bug/);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('an index', () => {
  it('is read with the platforms it names', () => {
    expect(parseManifest(bytes(index()))).toMatchObject({
      kind: 'index',
      manifests: [{ digest, platform: { os: 'linux', architecture: 'arm64' } }],
    });
  });

  it('may be empty', () => {
    expect(parseManifest(bytes(index({ manifests: [] })))).toMatchObject({ kind: 'index', manifests: [] });
  });
});

describe('a layer type', () => {
  it.each([
    [mediaTypes.ociLayer, 'none', false],
    [`${mediaTypes.ociLayer}+gzip`, 'gzip', false],
    [`${mediaTypes.ociLayer}+zstd`, 'zstd', false],
    [`${mediaTypes.ociForeignLayer}+gzip`, 'gzip', true],
    [mediaTypes.dockerLayer, 'none', false],
    [`${mediaTypes.dockerLayer}.gzip`, 'gzip', false],
    [`${mediaTypes.dockerForeignLayer}.gzip`, 'gzip', true],
  ])('%s is %s', (mediaType, compression, foreign) => {
    expect(layerFormat(mediaType)).toEqual({ compression, foreign });
  });

  it.each([
    '',
    'application/octet-stream',
    `${mediaTypes.ociLayer}+lz4`,
    `x${mediaTypes.ociLayer}`,
    `${mediaTypes.ociLayer}+gzip+encrypted`,
  ])('%j is none', (mediaType) => expect(layerFormat(mediaType)).toBeUndefined());
});
