import { createHmac, randomBytes } from 'node:crypto';
import { Future } from '@keelson/process';
import type { RegistryAccess } from './credential.js';
import { Credential } from './credential.js';
import { parseDockerConfig, registryKeys } from './docker-config.js';

/** Shows nothing to anybody. */
export const anonymousAccess: RegistryAccess = { id: 'anonymous', credential: () => Future.ready(undefined) };

/** What a caller gave with one request: for the registry it asks, and no other. */
export function givenAccess(registry: string, username: string, password: string): RegistryAccess {
  const credential = Credential.password(username, password);
  return {
    id: accessId('given', registry, username, password),
    credential: (asked) => Future.ready(asked === registry ? credential : undefined),
  };
}

/**
 * What a caller gave with one request as the content of a `config.json`. Nothing of it is run: helpers that it names
 * are programs of this machine.
 *
 * @throws StoreError CREDENTIALS_INVALID
 */
export function givenConfig(bytes: Uint8Array): RegistryAccess {
  const { auths } = parseDockerConfig(bytes, 'the given configuration');
  return {
    id: accessId('config', Buffer.from(bytes).toString('base64')),
    credential: (registry, repository) => {
      const key = registryKeys(registry, repository).find((each) => auths.has(each));
      return Future.ready(key === undefined ? undefined : auths.get(key));
    },
  };
}

/** Of this process alone, so that an id cannot be compared with guesses. */
const idKey = randomBytes(32);

/** Equal for equal parts, and tells nothing of them. */
export function accessId(kind: string, ...parts: readonly string[]): string {
  const hash = createHmac('sha256', idKey).update(JSON.stringify(parts)).digest('hex');
  return `${kind}-${hash.slice(0, 32)}`;
}
