import type { ManifestDescriptor } from './descriptor.js';
import { ImageError } from './image-error.js';
import type { ImageIndex } from './manifest.js';
import { isIndexMediaType, isManifestMediaType } from './media-types.js';
import type { Platform } from './platform.js';
import { formatPlatform, normalisePlatform } from './platform.js';

/**
 * The manifest of `index` that runs best on `platform`; the first of equals.
 *
 * A machine runs older variants of its own architecture: arm v7 falls back to v6 and v5, amd64 v3 to v2
 * and v1. As in containerd (`platforms/compare.go`) arm64 also takes 32-bit arm and amd64 takes 386 where
 * nothing better is there. An entry that names no platform is a last resort; attestations and other
 * artifacts are never chosen.
 *
 * @throws ImageError NO_MATCHING_PLATFORM  the message lists what there is
 */
export function selectPlatform(index: ImageIndex, platform: Platform): ManifestDescriptor {
  const wanted = fallbacks(normalisePlatform(platform)).map(formatPlatform);
  let best: ManifestDescriptor | undefined;
  let bestRank = Infinity;
  for (const manifest of index.manifests) {
    const rank = rankOf(manifest, wanted);
    if (rank < bestRank) [best, bestRank] = [manifest, rank];
  }
  if (best !== undefined) return best;
  const offered = index.manifests.filter(isImage).flatMap((manifest) => manifest.platform ?? []);
  const list = [...new Set(offered.map(formatPlatform))].slice(0, 20).join(', ') || 'none';
  const why = `the image is not made for ${formatPlatform(platform)}; it has: ${list}`;
  throw new ImageError('NO_MATCHING_PLATFORM', why);
}

function rankOf(manifest: ManifestDescriptor, wanted: readonly string[]): number {
  if (!isImage(manifest)) return Infinity;
  if (manifest.platform === undefined) return wanted.length;
  const rank = wanted.indexOf(formatPlatform(manifest.platform));
  return rank < 0 ? Infinity : rank;
}

/** BuildKit hides attestations from old clients behind a platform `unknown/unknown`. */
function isImage(manifest: ManifestDescriptor): boolean {
  const { annotations, artifactType, mediaType, platform } = manifest;
  if (artifactType !== undefined || annotations['vnd.docker.reference.type'] !== undefined) return false;
  if (platform?.os === 'unknown' || platform?.architecture === 'unknown') return false;
  return isManifestMediaType(mediaType) || isIndexMediaType(mediaType);
}

/** What runs on `platform`, the best first. */
function fallbacks(platform: Platform): Platform[] {
  const { os, architecture, variant } = platform;
  switch (architecture) {
    case 'arm':
      return variants(platform, [8, 7, 6, 5], 7);
    case 'amd64':
      return [...variants(platform, [4, 3, 2, 1], 1), { os, architecture: '386' }];
    case 'arm64':
      return [
        platform,
        ...(variant === undefined ? [] : [{ os, architecture }]),
        ...fallbacks({ os, architecture: 'arm', variant: 'v8' }),
      ];
    default:
      return [platform];
  }
}

function variants(platform: Platform, known: readonly number[], implied: number): Platform[] {
  const newest = Number(/^v([0-9])$/.exec(platform.variant ?? `v${implied}`)?.[1] ?? NaN);
  if (Number.isNaN(newest)) return [platform];
  return known
    .filter((version) => version <= newest)
    .map((version) => normalisePlatform({ ...platform, variant: `v${version}` }));
}
