import { createHash } from 'node:crypto';
import { ImageError } from './image-error.js';
import { quoted } from './quoted.js';

export type DigestAlgorithm = 'sha256' | 'sha512';

/**
 * Names content by its hash: `sha256:` and 64, or `sha512:` and 128, lower-case hex digits. Safe in
 * paths.
 */
export type Digest = `${DigestAlgorithm}:${string}`;

const digest = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Whether `text` is a digest of an algorithm we can verify. */
export function isDigest(text: string): text is Digest {
  return digest.test(text);
}

/** @throws ImageError INVALID_DIGEST  `text` is not a digest, or of an algorithm we cannot verify */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new ImageError('INVALID_DIGEST', `${quoted(text)} is not a sha256 or sha512 digest`);
}

/** The sha256 digest of `bytes`. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** What to hash with to verify `digest`; a name `node:crypto` knows. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex digits alone. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
