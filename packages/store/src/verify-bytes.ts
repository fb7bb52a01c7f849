import { createHash } from 'node:crypto';
import type { Digest } from '@keelson/image';
import { algorithmOf, hexOf } from '@keelson/image';
import { StoreError } from './store-error.js';

/**
 * Checks bytes that fit in memory against the digest, and the size if it is known, that led to them.
 *
 * @param what for the message, for example `the configuration of docker.io/library/mysql:latest`
 * @throws StoreError SIZE_MISMATCH, DIGEST_MISMATCH
 */
export function verifyBytes(
  bytes: Uint8Array,
  expected: { digest: Digest; sizeBytes?: number },
  what: string,
): void {
  if (expected.sizeBytes !== undefined && bytes.length !== expected.sizeBytes) {
    throw new StoreError(
      'SIZE_MISMATCH',
      `${what} has ${bytes.length} bytes, not the announced ${expected.sizeBytes}`,
    );
  }
  const actual = createHash(algorithmOf(expected.digest)).update(bytes).digest('hex');
  if (actual !== hexOf(expected.digest)) {
    throw new StoreError(
      'DIGEST_MISMATCH',
      `${what} is ${algorithmOf(expected.digest)}:${actual}, not ${expected.digest}`,
    );
  }
}
