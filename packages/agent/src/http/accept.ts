import type { IncomingMessage } from 'node:http';
import { HttpFailure } from './http-failure.js';

/**
 * Whether who asks takes an answer of `type` (RFC 9110, 12.5.1). Who says nothing takes everything.
 *
 * @param type  as `application/json`
 */
export function accepts({ headers: { accept } }: IncomingMessage, type: string): boolean {
  if (accept === undefined) return true;
  const [family] = type.split('/');
  const wanted = [type, `${family}/*`, '*/*'];
  return accept.split(',').some((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return wanted.includes(name) && !parameters.some((each) => /^q=0(\.0*)?$/.test(each));
  });
}

/** @throws HttpFailure 406 */
export function requireAccepted(request: IncomingMessage, type: string): void {
  if (!accepts(request, type)) throw new HttpFailure(406, `Expecting 'Accept' to allow ${type}`);
}
