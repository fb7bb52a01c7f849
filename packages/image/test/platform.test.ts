import type { ImageIndex, Platform } from '@keelson/image';
import { formatPlatform, mediaTypes, parsePlatform, platformOfNode, selectPlatform } from '@keelson/image';
import { describe, expect, it } from 'vitest';

const entry = (platform: string | undefined, more = {}) => ({
  mediaType: mediaTypes.ociManifest,
  digest: `sha256:${'0'.repeat(64)}` as const,
  sizeBytes: 1,
  annotations: {},
  ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  ...more,
});
const indexOf = (...manifests: ReturnType<typeof entry>[]): ImageIndex => ({
  kind: 'index',
  mediaType: mediaTypes.ociIndex,
  manifests,
  annotations: {},
});
const choose = (wanted: string, ...offered: (string | undefined)[]) => {
  const { platform } = selectPlatform(
    indexOf(...offered.map((each) => entry(each))),
    parsePlatform(wanted),
  ) as { platform?: Platform };
  return platform === undefined ? 'unnamed' : formatPlatform(platform);
};

describe('a platform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['LINUX/AMD64/V3', 'linux/amd64/v3'],
    ['s390x', 'linux/s390x'],
  ])('%s is %s', (text, canonical) => {
    expect(formatPlatform(parsePlatform(text))).toBe(canonical);
  });

  it.each(['', '/', 'linux/', 'a/b/c/d', 'linux/am d64', 'linux/../x'.repeat(9)])('refuses %j', (text) => {
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'INVALID_PLATFORM' }));
  });

  it('of this machine speaks Go', () => {
    expect(
      ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 'riscv64'].map((arch) => formatPlatform(platformOfNode(arch))),
    ).toEqual(['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/386', 'linux/ppc64le', 'linux/riscv64']);
  });
});

describe('of an index', () => {
  it.each([
    ['linux/amd64', ['linux/arm64', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64', ['linux/amd64/v3', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 'linux/amd64/v2'],
    ['linux/amd64', ['linux/386'], 'linux/386'],
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v8'], 'linux/arm/v6'],
    ['linux/arm64', ['linux/arm/v7', 'linux/arm64/v8'], 'linux/arm64'],
    ['linux/arm64', ['linux/arm/v7', 'linux/arm/v6'], 'linux/arm/v7'],
    ['linux/arm64/v9', ['linux/arm64/v8'], 'linux/arm64'],
    ['linux/amd64', [undefined, 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64', [undefined, 'linux/arm64'], 'unnamed'],
  ])('a machine of %s takes from %j %s', (wanted, offered, chosen) => {
    expect(choose(wanted, ...offered)).toBe(chosen);
  });

  it('nothing is taken that cannot run, and the message lists what there is', () => {
    expect(() => choose('linux/s390x', 'linux/arm64', 'windows/amd64')).toThrow(
      expect.objectContaining({
        code: 'NO_MATCHING_PLATFORM',
        message: expect.stringContaining('linux/arm64, windows/amd64'),
      }),
    );
  });

  it('attestations and artifacts are passed over', () => {
    const attestation = entry('unknown/unknown');
    const referrer = entry('linux/amd64', {
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    });
    const artifact = entry('linux/amd64', { artifactType: 'application/spdx+json' });
    const image = entry('linux/amd64');
    expect(
      selectPlatform(indexOf(attestation, referrer, artifact, image), parsePlatform('linux/amd64')),
    ).toBe(image);
  });

  it('the first of equals is taken', () => {
    const [first, second] = [entry('linux/amd64'), entry('linux/amd64')];
    expect(selectPlatform(indexOf(first, second), parsePlatform('linux/amd64'))).toBe(first);
  });
});
