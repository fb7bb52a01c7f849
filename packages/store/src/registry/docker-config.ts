import { JsonCursor } from '@keelson/image';
import { StoreError } from '../store-error.js';
import { Credential } from './credential.js';

/** Where credentials for registries are, as `docker login` and `podman login` keep them. */
export interface DockerConfig {
  /** By registry, or registry and part of a repository path. */
  readonly auths: ReadonlyMap<string, Credential>;
  /** By registry: the name behind `docker-credential-`. */
  readonly helpers: ReadonlyMap<string, string>;
  readonly defaultHelper?: string;
}

const helperName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Reads a `config.json` of Docker, an `auth.json` of podman, or a flat `.dockercfg`. What has nothing to do
 * with credentials is passed over.
 *
 * @throws StoreError CREDENTIALS_INVALID  malformed; the message names the place, never a secret
 */
export function parseDockerConfig(bytes: Uint8Array, path: string): DockerConfig {
  try {
    const document = JsonCursor.parse(bytes, path, 'INVALID_CONFIG');
    const flat = !['auths', 'credHelpers', 'credsStore'].some((key) => document.has(key));
    const entries = flat ? document : document.optionalObject('auths');
    const auths = (entries?.keys() ?? []).flatMap((key): [string, Credential][] => {
      // A flat file holds credentials alone; other settings of Docker are no objects with `auth`.
      if (flat && !isAuthEntry(entries!, key)) return [];
      const credential = readCredential(entries!.object(key));
      return credential ? [[registryKey(key), credential]] : [];
    });
    const helpers = Object.entries(flat ? {} : document.stringMap('credHelpers'));
    const defaultHelper = flat ? undefined : document.optionalString('credsStore') || undefined;
    for (const name of [...helpers.map(([, helper]) => helper), ...(defaultHelper ? [defaultHelper] : [])]) {
      if (!helperName.test(name)) throw document.refused('a configuration with names of credential helpers');
    }
    return {
      auths: new Map(auths),
      helpers: new Map(helpers.map(([key, name]) => [registryKey(key), name])),
      ...(defaultHelper && { defaultHelper }),
    };
  } catch (error) {
    // What JSON.parse says quotes the text, which may be a secret.
    const { message } = error as Error;
    const why = /is not JSON/.test(message) ? `${path} is not JSON` : message;
    throw new StoreError('CREDENTIALS_INVALID', `cannot read credentials: ${why}`);
  }
}

function isAuthEntry(entries: JsonCursor, key: string): boolean {
  try {
    return entries.object(key).has('auth');
  } catch {
    return false;
  }
}

function readCredential(entry: JsonCursor): Credential | undefined {
  const identityToken = entry.optionalString('identitytoken');
  if (identityToken) return Credential.identityToken(identityToken);
  const registryToken = entry.optionalString('registrytoken');
  if (registryToken) return Credential.registryToken(registryToken);

  const auth = entry.optionalString('auth');
  if (auth) {
    const text = Buffer.from(auth, 'base64').toString();
    const colon = text.indexOf(':');
    if (colon <= 0) throw entry.refused('a credential: `auth` is not USER:PASSWORD in base64');
    // Docker pads with NUL.
    return Credential.password(text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, ''));
  }
  const username = entry.optionalString('username');
  return username ? Credential.password(username, entry.optionalString('password') ?? '') : undefined;
}

/**
 * One spelling for each registry: without scheme, and without the path of its API (`https://index.docker.io/v1/`
 * is `docker.io`). A path that is part of a repository stays.
 */
export function registryKey(key: string): string {
  const bare = key.replace(/^https?:\/\//i, '').replace(/\/+$/, '');
  const slash = bare.indexOf('/');
  const host = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase();
  const path = slash < 0 || /^https?:/i.test(key) || /^\/v[12](\/|$)/.test(bare.slice(slash)) ? '' : bare.slice(slash);
  return (['index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host) + path;
}

/** Keys that may hold the credential for a repository, the most particular first. */
export function registryKeys(registry: string, repository: string): string[] {
  const parts = repository.split('/');
  const paths = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
  return [...paths, ''].map((path) => registry.toLowerCase() + path);
}
