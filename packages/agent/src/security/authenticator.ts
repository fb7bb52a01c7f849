import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { HttpFailure } from '../http/http-failure.js';
import type { Credential } from './credentials.js';

/** Who calls. */
export interface Principal {
  /** `local` is the owner of the socket, who may do everything that no ACL forbids. */
  readonly name: string;
  /** How the call came. */
  readonly via: 'socket' | 'tcp';
}

/**
 * Tells who calls. The socket belongs to its owner, so a call that comes there without a credential is `local`; over
 * TCP everybody shows one, from this machine too: a bearer token, a Basic credential, or a certificate that the
 * configured authority has signed.
 */
export class Authenticator {
  readonly #basic: readonly (readonly [digest: Buffer, principal: string])[];
  readonly #bearer: readonly (readonly [digest: Buffer, principal: string])[];

  /** @param token  of principal `token` */
  constructor(credentials: readonly Credential[], token?: string) {
    this.#basic = credentials.map(({ principal, secret }) => [digestOf(`${principal}:${secret}`), principal]);
    this.#bearer = [
      ...credentials.map(({ principal, secret }) => [digestOf(secret), principal] as const),
      ...(token === undefined ? [] : [[digestOf(token), 'token'] as const]),
    ];
  }

  /** @throws HttpFailure 401 */
  principalOf(request: IncomingMessage, via: Principal['via']): Principal {
    const { authorization } = request.headers;
    if (authorization !== undefined) return { name: this.#named(authorization), via };
    if (via === 'socket') return { name: 'local', via };
    const name = certifiedName(request.socket as TLSSocket);
    if (name !== undefined) return { name, via };
    throw unauthorized(whyNotCertified(request.socket as TLSSocket));
  }

  #named(authorization: string): string {
    const [, scheme = '', value = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
    const kind = scheme.toLowerCase();
    const principal =
      kind === 'bearer'
        ? find(this.#bearer, value)
        : kind === 'basic'
          ? find(this.#basic, Buffer.from(value, 'base64').toString('utf8'))
          : undefined;
    if (principal === undefined) throw unauthorized('The credential is not known here');
    return principal;
  }
}

/** Compares digests, all of them and each in constant time: how long it takes tells nothing of a secret. */
function find(known: readonly (readonly [Buffer, string])[], shown: string): string | undefined {
  const digest = digestOf(shown);
  let found: string | undefined;
  for (const [each, principal] of known) if (timingSafeEqual(each, digest)) found ??= principal;
  return found;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The common name in a client's certificate, if our authority has signed it. */
function certifiedName(socket: TLSSocket): string | undefined {
  if (socket.authorized !== true) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Who shows a certificate that is not taken is told why: `CERT_HAS_EXPIRED` is hard to guess. */
function whyNotCertified(socket: TLSSocket): string {
  const { authorized, authorizationError } = socket;
  const shown = authorized !== undefined && Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
  if (!shown) return 'Expecting a bearer token or a Basic credential';
  // Node types it as an Error, and sets its code.
  const why = authorized ? 'it has no common name' : String(authorizationError ?? 'its authority is not known here');
  return `The certificate is not taken: ${why}`;
}

function unauthorized(message: string): HttpFailure {
  return new HttpFailure(401, message, { 'www-authenticate': 'Bearer realm="keelson", Basic realm="keelson"' });
}
