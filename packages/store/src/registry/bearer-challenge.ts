/** What a registry wants before it serves: a token from `realm`. */
export interface BearerChallenge {
  readonly realm: string;
  readonly service?: string;
  readonly scope?: string;
}

/**
 * Reads `WWW-Authenticate: Bearer realm="…",service="…",scope="…"`.
 *
 * Values may hold commas inside their quotes (`scope="repository:a:pull,push"`). Another scheme, or no realm,
 * is `undefined`. Source: distribution `spec/auth/token.md`, RFC 9110 section 11.
 */
export function parseBearerChallenge(header: string | undefined): BearerChallenge | undefined {
  const scheme = /^\s*bearer\s+/i.exec(header ?? '');
  if (!scheme) return undefined;

  const parameters = new Map<string, string>();
  for (const found of header!
    .slice(scheme[0].length)
    .matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi)) {
    parameters.set(found[1]!.toLowerCase(), found[2]?.replaceAll(/\\(.)/g, '$1') ?? found[3]!);
  }
  const realm = parameters.get('realm');
  if (realm === undefined) return undefined;
  const service = parameters.get('service');
  const scope = parameters.get('scope');
  return { realm, ...(service === undefined ? {} : { service }), ...(scope === undefined ? {} : { scope }) };
}

/**
 * Where to ask for the token. A challenge without a scope gets the one for pulling `repository`
 * (MESOS-10092).
 *
 * `undefined` when the realm is no address we may ask: not http(s), or plain http on behalf of an https
 * registry.
 */
export function tokenUrl(
  challenge: BearerChallenge,
  repository: string,
  registryUrl: string,
): string | undefined {
  let url: URL;
  try {
    url = new URL(challenge.realm);
  } catch {
    return undefined;
  }
  const mayBePlain = registryUrl.startsWith('http:');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mayBePlain)) return undefined;
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  url.searchParams.set('scope', challenge.scope ?? `repository:${repository}:pull`);
  return url.toString();
}
