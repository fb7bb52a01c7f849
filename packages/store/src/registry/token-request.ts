import type { HttpRequest } from '@keelson/os/ports';
import type { AuthChallenge } from './auth-challenge.js';
import type { Credential } from './credential.js';
import type { RegistryRepository } from './registry-endpoint.js';

/** A token service as a challenge names it. */
export interface TokenService {
  readonly realm: URL;
  readonly service?: string;
  readonly scope: string;
}

/**
 * The token service of a Bearer challenge. One without a scope gets the scope for pulling (MESOS-10092).
 *
 * `undefined` when the realm is no address we may ask: not http(s), with a user name in it, or plain http on
 * behalf of an https registry.
 */
export function tokenService(
  { parameters }: AuthChallenge,
  { repository, baseUrl }: RegistryRepository,
): TokenService | undefined {
  const text = parameters.get('realm') ?? '';
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  if (!realm || realm.username !== '' || realm.password !== '') return undefined;
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && baseUrl.startsWith('http:'))) return undefined;
  const service = parameters.get('service');
  const scope = parameters.get('scope') || `repository:${repository}:pull`;
  return { realm, ...(service === undefined ? {} : { service }), scope };
}

/** Whether the realm may see the credentials: the registry's own host, whatever the port, or a configured one. */
export function maySeeCredentials(realm: URL, { baseUrl, tokenHosts }: RegistryRepository): boolean {
  const { hostname } = new URL(baseUrl);
  return realm.hostname === hostname || tokenHosts.includes(realm.hostname) || tokenHosts.includes(realm.host);
}

/** Asks as every token service understands. Source: distribution `spec/auth/token.md`. */
export function getToken({ realm, service, scope }: TokenService, credential: Credential | undefined): HttpRequest {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  if (credential) url.searchParams.set('account', credential.username);
  const authorization = credential && { authorization: credential.basic() };
  return { method: 'GET', url: url.toString(), headers: { ...plain, ...authorization } };
}

/** Asks as OAuth2 does, for identity tokens and for services that want it. Source: `spec/auth/oauth.md`. */
export function postForToken({ realm, service, scope }: TokenService, credential: Credential): HttpRequest {
  const form = new URLSearchParams({ client_id: 'keelson', scope, access_type: 'offline' });
  if (service !== undefined) form.set('service', service);
  if (credential.kind === 'identity-token') {
    form.set('grant_type', 'refresh_token');
    form.set('refresh_token', credential.reveal());
  } else {
    form.set('grant_type', 'password');
    form.set('username', credential.username);
    form.set('password', credential.reveal());
  }
  return {
    method: 'POST',
    url: realm.toString(),
    headers: { ...plain, 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  };
}

const plain = { accept: 'application/json', 'accept-encoding': 'identity' };
