import { REDACTED, sanitize, sanitizeError, sanitizeText } from '@keelson/inspector';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const secret = 'hunter2-do-not-show';

describe('sanitize', () => {
  it.each([
    [{ authorization: `Bearer ${secret}` }],
    [{ headers: { Authorization: secret, accept: '*/*' } }],
    [{ env: { DATABASE_URL: secret } }],
    [{ environment: [`TOKEN=${secret}`] }],
    [{ nested: [{ password: secret }, { registryToken: secret }] }],
    [{ creds: `user:${secret}` }],
    [`Basic ${secret}`],
    [`${'x'.repeat(170)} https://user:${secret}@registry.example/`],
    [`https://user:${secret}@registry.example/v2/`],
    [[`DB_PASSWORD=${secret}`]],
    [new Error(`GET https://user:${secret}@registry.example/ failed`)],
  ])('shows no secret of %j', (value) => {
    expect(JSON.stringify(sanitize(value))).not.toContain(secret);
  });

  it('shows what is no secret as it is', () => {
    const value = { image: 'alpine:3.20', layers: ['a', 'b'], bytes: 12, pinned: false, missing: null };
    expect(sanitize(value)).toEqual(value);
  });

  it('names the variables of an environment without their values', () => {
    expect(sanitize({ env: { PATH: '/bin', HOME: '/root' } })).toEqual({ env: { PATH: REDACTED, HOME: REDACTED } });
  });

  it('answers bounded plain data for anything, and calls nothing of it', () => {
    const getter = Object.defineProperty({}, 'trap', { enumerable: true, get: () => expect.fail('it was called') });
    expect(sanitize(getter)).toEqual({});
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(JSON.stringify(sanitize(circular)).length).toBeLessThan(200);
    expect(sanitize(new Map([[1, 2]]))).toBe('{Map of 1}');
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withDate: true }), (value) => {
        const shown = sanitize(value);
        expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
      }),
    );
  });

  it('keeps a key that is called like the prototype a key', () => {
    const shown = sanitize(JSON.parse('{"__proto__":{"polluted":true}}')) as object;
    expect(Object.keys(shown)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('shows an error without its stack', () => {
    const shown = sanitizeError(Object.assign(new TypeError('no such layer'), { code: 'LAYER_GONE' }));
    expect(shown).toEqual({ name: 'TypeError', message: 'no such layer', code: 'LAYER_GONE' });
  });

  it('cuts long texts', () => {
    expect(sanitizeText('x'.repeat(10_000), 100)).toHaveLength(100);
  });
});
