import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mayPruneImages } from '../src/security/acls.js';
import { openAccess } from '../src/security/access.js';
import { Authenticator } from '../src/security/authenticator.js';
import { parseListenAddress } from '../src/security/listen-address.js';
import { checkOrigin } from '../src/security/origin-check.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-access-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function secret(name: string, content: unknown, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
}

function asking(headers: Readonly<Record<string, string>>): IncomingMessage {
  return { headers, socket: {} } as unknown as IncomingMessage;
}

const invalid = (message: RegExp) => expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
const refusal = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('an address', () => {
  it.each([
    ['5051', '127.0.0.1', 5051, true],
    [':5051', '127.0.0.1', 5051, true],
    ['localhost:0', 'localhost', 0, true],
    ['[::1]:80', '::1', 80, true],
    ['0.0.0.0:80', '0.0.0.0', 80, false],
    ['[::]:80', '::', 80, false],
    ['agent.example:80', 'agent.example', 80, false],
  ])('%s is %s, port %i, loopback %s', (text, host, port, loopback) => {
    expect(parseListenAddress(text)).toEqual({ host, port, loopback });
  });

  it.each(['', 'here', '::1:80', '[zz]:80', '1.2.3.4:65536', '80:90:100'])('is none: %j', (text) => {
    expect(refusal(() => parseListenAddress(text))).toEqual(invalid(/listen is/));
  });
});

describe('access over TCP', () => {
  it('needs a credential beyond loopback', () => {
    expect(refusal(() => openAccess({ listen: '0.0.0.0:0' }, folder))).toEqual(
      invalid(/beyond loopback needs a tokenFile, a credentialsFile or tls.clientAuthorityFile/),
    );
    const tokenFile = secret('token', 'a'.repeat(32));
    expect(openAccess({ listen: '0.0.0.0:0', tokenFile }, folder).listen?.loopback).toBe(false);
  });

  it('makes a token for its owner alone on loopback, and takes the same one the next time', () => {
    const first = openAccess({ listen: '0' }, folder);
    const path = join(folder, 'token');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(first.authenticator).toBeDefined();
    const before = statSync(path).mtimeMs;
    openAccess({ listen: '0' }, folder);
    expect(statSync(path).mtimeMs).toBe(before);
  });

  it.each([
    ['others may read it', 'a'.repeat(32), 0o640, /its mode is 640, but must be 600/],
    ['it is too short', 'short', 0o600, /at least 16 characters/],
    ['it holds two words', `${'a'.repeat(20)} b`, 0o600, /without spaces/],
  ])('refuses a token file when %s', (_why, content, mode, message) => {
    expect(refusal(() => openAccess({ tokenFile: secret('token', content, mode) }, folder))).toEqual(invalid(message));
  });

  it.each([
    ['{', /it is no JSON/],
    [{ credentials: [{ principal: 'a:b', secret: 'long enough' }] }, /credentials\[0\]\.principal is "a:b"/],
    [{ credentials: [{ principal: 'a', secret: 'hidden' }] }, /the secret of a has less than 8 characters/],
    [{ credentials: [{ principal: 'a', secret: 17 }] }, /credentials\[0\]\.secret must be a text/],
    [{ credentials: [{ principal: 'a', secrets: 'hidden' }] }, /credentials\[0\]\.secrets is not one of principal, secret/],
  ])('refuses credentials without showing a secret: %j', (content, message) => {
    const error = refusal(() => openAccess({ credentialsFile: secret('c', content) }, folder)) as Error;
    expect(error).toEqual(invalid(message));
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain('hidden');
  });
});

describe('who calls', () => {
  const who = new Authenticator([{ principal: 'ops', secret: 'open sesame' }], 'a token of its own');
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const unauthorized = expect.objectContaining({ status: 401, headers: { 'www-authenticate': expect.stringMatching(/Bearer.*Basic/) } });

  it('is the owner of the socket, or who shows a credential', () => {
    const spoken = new Authenticator([{ principal: 'ops', secret: 'opensesame' }], 'token-of-its-own');
    expect(who.principalOf(asking({}), 'socket').name).toBe('local');
    expect(spoken.principalOf(asking({ authorization: basic('ops:opensesame') }), 'tcp').name).toBe('ops');
    expect(spoken.principalOf(asking({ authorization: 'Bearer opensesame' }), 'tcp').name).toBe('ops');
    expect(spoken.principalOf(asking({ authorization: 'bearer token-of-its-own' }), 'tcp').name).toBe('token');
  });

  it.each([
    {},
    { authorization: 'Bearer wrong' },
    { authorization: 'Bearer ' },
    { authorization: 'Digest x' },
    { authorization: basic('ops:wrong') },
    { authorization: basic('token:open sesame') },
    { authorization: basic('ops') },
  ])('is nobody over TCP with %j', (headers) => {
    expect(refusal(() => who.principalOf(asking(headers as Record<string, string>), 'tcp'))).toEqual(unauthorized);
  });

  it('is nobody on the socket, too, with a credential that is wrong', () => {
    expect(refusal(() => who.principalOf(asking({ authorization: 'Bearer wrong' }), 'socket'))).toEqual(unauthorized);
  });
});

describe('a browser', () => {
  it.each([
    [{ host: 'localhost:5051' }, undefined],
    [{ host: '127.0.0.1:5051' }, undefined],
    [{ host: '[::1]:5051' }, undefined],
    [{ host: 'agent.example' }, undefined],
    [{ host: 'AGENT.example:1' }, undefined],
    [{ host: 'localhost:5051', origin: 'http://localhost:5051' }, undefined],
    [{ host: 'evil.example' }, 403],
    [{ host: 'localhost.evil.example' }, 403],
    [{ host: 'localhost:5051', origin: 'http://evil.example' }, 403],
    [{ host: 'localhost:5051', origin: 'null' }, 403],
    [{ host: 'localhost:5051', origin: 'http://localhost:80' }, 403],
    [{ host: 'a b' }, 400],
    [{}, 400],
  ])('that sends %j is refused with %s', (headers, status) => {
    const told = refusal(() => checkOrigin(asking(headers as Record<string, string>), ['agent.example']));
    expect((told as { status?: number } | undefined)?.status).toBe(status);
  });
});

describe('the ACL of prune_images', () => {
  const any = { type: 'ANY' } as const;
  const none = { type: 'NONE' } as const;
  const only = (...values: string[]) => ({ values });

  it.each([
    ['nothing is said', {}, true],
    ['nothing is said, and that is not enough', { permissive: false }, false],
    ['anybody may', { permissive: false, prune_images: [{ principals: any, images: any }] }, true],
    ['anybody may none', { prune_images: [{ principals: any, images: none }] }, false],
    ['nobody may', { prune_images: [{ principals: none, images: any }] }, false],
    ['it is named', { permissive: false, prune_images: [{ principals: only('ops'), images: any }] }, true],
    ['another is named', { permissive: false, prune_images: [{ principals: only('dev'), images: any }] }, false],
    [
      'the first rule wins',
      { prune_images: [{ principals: only('ops'), images: none }, { principals: any, images: any }] },
      false,
    ],
    [
      'it is named before nobody',
      { prune_images: [{ principals: only('ops'), images: any }, { principals: none, images: any }] },
      true,
    ],
  ])('decides for ops where %s', (_why, acls, allowed) => {
    expect(mayPruneImages(acls, 'ops')).toBe(allowed);
  });

  it('is decided by the first rule that speaks of the principal, whatever follows', () => {
    const entity = fc.oneof(fc.constant(any), fc.constant(none), fc.array(fc.constantFrom('a', 'b')).map((values) => ({ values })));
    const rule = fc.record({ principals: entity, images: fc.constantFrom(any, none) });
    fc.assert(
      fc.property(fc.array(rule), fc.array(rule), fc.boolean(), (rules, more, permissive) => {
        const speaks = rules.some(({ principals }) => 'type' in principals || principals.values.includes('a'));
        fc.pre(speaks);
        const short = mayPruneImages({ permissive, prune_images: rules }, 'a');
        expect(mayPruneImages({ permissive: !permissive, prune_images: [...rules, ...more] }, 'a')).toBe(short);
      }),
    );
  });
});
