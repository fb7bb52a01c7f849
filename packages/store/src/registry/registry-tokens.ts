import type { Http, HttpResponse } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { StoreError } from '../store-error.js';
import { parseBearerChallenge, tokenUrl } from './bearer-challenge.js';
import type { RegistryRepository } from './registry-exchange.js';

const mostTokens = 256;

/**
 * Anonymous bearer tokens, one per repository, in memory alone.
 *
 * A registry that wants Basic, or refuses an anonymous token, is UNAUTHORIZED: credentials would be added
 * here. Source: distribution `spec/auth/token.md`.
 */
export class RegistryTokens {
  readonly #tokens = new Map<string, string>();

  constructor(private readonly http: Http) {}

  known(target: RegistryRepository): string | undefined {
    return this.#tokens.get(keyOf(target));
  }

  /**
   * Asks for a token as the challenge of a 401 says.
   * @throws StoreError UNAUTHORIZED, REGISTRY_ERROR
   */
  renew(target: RegistryRepository, challenge: string | undefined): Future<string> {
    this.#tokens.delete(keyOf(target));
    const bearer = parseBearerChallenge(challenge);
    if (!bearer) throw unauthorized(target, 'it wants credentials');
    const url = tokenUrl(bearer, target.repository, target.baseUrl);
    if (url === undefined)
      throw unauthorized(target, 'its token service has an address that may not be asked');

    const request = { method: 'GET', url, headers: { 'accept-encoding': 'identity' } } as const;
    return this.http.request(request, { maxBytes: 64 * 1024 }).then((response) => {
      const token = tokenOf(target, response);
      if (this.#tokens.size >= mostTokens) this.#tokens.clear();
      this.#tokens.set(keyOf(target), token);
      return token;
    });
  }
}

function tokenOf(target: RegistryRepository, response: HttpResponse): string {
  const { status, body } = response;
  if (status === 401 || status === 403) throw unauthorized(target, `its token service answered ${status}`);
  if (status !== 200) {
    throw new StoreError(
      'REGISTRY_ERROR',
      `cannot get a token for ${target.registry}: the answer was ${status}`,
    );
  }
  const answer = parseObject(body);
  const token = answer['token'] ?? answer['access_token'];
  // A token goes into a header: anything but visible ASCII would be refused there, or worse.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new StoreError(
      'REGISTRY_ERROR',
      `the token service of ${target.registry} answered without a token`,
    );
  }
  return token;
}

function parseObject(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function unauthorized(target: RegistryRepository, why: string): StoreError {
  return new StoreError(
    'UNAUTHORIZED',
    `${target.registry} does not serve ${target.repository} to us: ${why}`,
  );
}

function keyOf(target: RegistryRepository): string {
  return `${target.baseUrl}/${target.repository}`;
}
