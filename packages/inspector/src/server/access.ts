import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is refused. */
export interface Refusal {
  readonly status: 401 | 403 | 405;
  readonly message: string;
}

const loopbackNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Who may ask. A page of another origin, a name that was made to resolve to this machine, and whoever does not know
 * the token get nothing.
 */
export class Access {
  readonly #digest: Buffer;

  /** @param token  a secret; made anew if it is left out */
  constructor(readonly token: string = randomBytes(24).toString('base64url')) {
    this.#digest = digestOf(token);
  }

  /** What every request must fulfil, with or without token: read only, same origin, loopback name. */
  refuse({ method, headers }: IncomingMessage): Refusal | undefined {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, message: 'This only answers GET and HEAD' };
    const { host = '', origin } = headers;
    const name = host.replace(/:\d+$/, '');
    if (!loopbackNames.has(name)) return { status: 403, message: 'This only answers to loopback names' };
    if (origin !== undefined && origin !== `http://${host}`) {
      return { status: 403, message: 'This does not answer pages of other origins' };
    }
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return { status: 403, message: 'This does not answer other sites' };
    }
    return undefined;
  }

  /** As `refuse`, for what tells something: the token is asked for too. */
  refuseStranger(request: IncomingMessage, given: string | undefined): Refusal | undefined {
    const refusal = this.refuse(request);
    if (refusal) return refusal;
    if (given !== undefined && timingSafeEqual(digestOf(given), this.#digest)) return undefined;
    return { status: 401, message: 'The token of the page address is missing or wrong' };
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer ([\w-]+)$/.exec(headers.authorization ?? '')?.[1];
}

/** Equal lengths, so that comparing tells nothing. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
