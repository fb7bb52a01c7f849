import { familiarReference, formatReference, ImageError, parseReference } from '@keelson/image';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const hash = 'a'.repeat(64);
const digest = `sha256:${hash}`;

describe('a reference', () => {
  it.each([
    ['mysql', 'docker.io/library/mysql:latest', 'mysql:latest'],
    ['mysql:8', 'docker.io/library/mysql:8', 'mysql:8'],
    ['library/mysql', 'docker.io/library/mysql:latest', 'mysql:latest'],
    ['docker.io/mysql', 'docker.io/library/mysql:latest', 'mysql:latest'],
    ['index.docker.io/mysql', 'docker.io/library/mysql:latest', 'mysql:latest'],
    ['user/app:1.0_x', 'docker.io/user/app:1.0_x', 'user/app:1.0_x'],
    ['docker.io/my.org/app', 'docker.io/my.org/app:latest', 'docker.io/my.org/app:latest'],
    ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
    ['quay.io/a/b/c', 'quay.io/a/b/c:latest', 'quay.io/a/b/c:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1', 'localhost:5000/app:1'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000/app:latest', '127.0.0.1:5000/app:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    ['[2001:db8::1]/app', '[2001:db8::1]/app:latest', '[2001:db8::1]/app:latest'],
    ['Host/app', 'Host/app:latest', 'Host/app:latest'],
    ['localhost:5000', 'docker.io/library/localhost:5000', 'localhost:5000'],
    [`mysql@${digest}`, `docker.io/library/mysql@${digest}`, `mysql@${digest}`],
    [`mysql:8@${digest}`, `docker.io/library/mysql@${digest}`, `mysql@${digest}`],
    ['a__b/c-----d.e_f', 'docker.io/a__b/c-----d.e_f:latest', 'a__b/c-----d.e_f:latest'],
  ])('%s is %s', (text, canonical, familiar) => {
    const reference = parseReference(text);
    expect(formatReference(reference)).toBe(canonical);
    expect(familiarReference(reference)).toBe(familiar);
  });

  it('keeps the tag beside a digest', () => {
    expect(parseReference(`mysql:8@${digest}`)).toEqual({
      registry: 'docker.io',
      repository: 'library/mysql',
      tag: '8',
      digest,
    });
  });

  it.each([
    '',
    ':tag',
    'UPPER',
    'quay.io/Upper/case',
    'a//b',
    '/a',
    'a/',
    '../etc/passwd',
    'quay.io/../x',
    'a:',
    'a:tag:tag',
    `a:${'t'.repeat(129)}`,
    'a:-tag',
    'a@sha256:abc',
    `a@${digest}@${digest}`,
    `a@${digest.toUpperCase()}`,
    hash,
    'a b',
    'a\n',
    'a\0b',
    'é',
    '-a',
    'a-',
    'a...b',
    'a___b',
    'host:port/app',
    'host:123456/app',
    '[::1/app',
    '[zz]:1/app',
    'https://quay.io/app',
    `quay.io/${'a'.repeat(256)}`,
    'a'.repeat(5000),
  ])('refuses %j', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }));
  });

  const path = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
  const host = fc.oneof(
    fc.constant('docker.io'),
    fc.stringMatching(/^([a-z0-9]{1,5}\.[a-z]{2,3}|localhost|\[::[0-9a-f]{1,3}\]|Host)(:[0-9]{1,5})?$/),
  );
  const repository = fc.array(path, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

  it('survives being written and read again, whatever it was made of', () => {
    fc.assert(
      fc.property(
        fc.option(host),
        repository,
        fc.option(tag),
        fc.option(fc.constant(digest)),
        (host, path, tag, digest) => {
          // Without a host a first part with a dot would be read as one.
          fc.pre(host !== null || !path.split('/', 1)[0]!.includes('.'));
          const text = `${host ? `${host}/` : ''}${path}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
          const { tag: said, ...reference } = parseReference(text);

          const again = parseReference(
            formatReference({ ...reference, ...(said ? { tag: said } : {}) } as never),
          );

          expect(again).toEqual(digest ? reference : { ...reference, tag: said });
          expect(formatReference(parseReference(familiarReference(again)))).toBe(formatReference(again));
        },
      ),
    );
  });

  it('either reads garbage as something of the grammar or refuses it with its code', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '/',
      ':',
      '@',
      '.',
      '..',
      '-',
      '_',
      '[',
      ']',
      '5000',
      'docker.io',
      'localhost',
      digest,
      ' ',
      '\0',
      'é',
    );
    const garbage = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    );
    const grammar = /^[A-Za-z0-9.:[\]-]+(\/[a-z0-9._-]+)+(:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})$/;
    fc.assert(
      fc.property(garbage, (text) => {
        try {
          const canonical = formatReference(parseReference(text));
          return grammar.test(canonical) && formatReference(parseReference(canonical)) === canonical;
        } catch (error) {
          return error instanceof ImageError && error.code === 'INVALID_REFERENCE';
        }
      }),
      { numRuns: 2000 },
    );
  });
});
