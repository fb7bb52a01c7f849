import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { familiarReference, formatReference, parseReference } from '../../../packages/image/dist/index.js';
import { expectThat, refusalOf } from '../finding.mjs';
import { mutateBytes } from '../mutate-bytes.mjs';

const seeds = linesOf('references.txt');
const words = [':', '/', '@', '.', '-', '_', '__', '..', '//', '[::1]', 'localhost', 'docker.io/', 'library/', 'index.docker.io/', '@sha256:'].concat(
  ['A', '\0', ' ', '\xe9', '%2f', 'a'.repeat(128), 'a'.repeat(256), '0'.repeat(64), ':65536', 'xn--', '\n', '-a', 'a-'],
);

/** References as people type them: refused as such, or read, written and read again as the same. */
export const references = {
  name: 'references',
  ending: 'txt',
  seeds,
  mutate: (random, seed) => mutateBytes(random, seed, { words, seeds }),
  check(bytes) {
    const text = bytes.toString('latin1');
    let reference;
    try {
      reference = parseReference(text);
    } catch (error) {
      return refusalOf(error, ['ImageError']);
    }
    const { registry, repository, tag, digest } = reference;
    expectThat(/^[\w.:[\]-]+$/.test(registry), `the registry ${JSON.stringify(registry)} would harm a URL`);
    expectThat(/^[a-z0-9._/-]+$/.test(repository), `the repository ${JSON.stringify(repository)} would harm a URL`);
    expectThat(!repository.split('/').some((part) => /^\.*$/.test(part)), 'a part of the repository is empty or dots');
    expectThat(tag === undefined || /^[\w][\w.-]{0,127}$/.test(tag), 'the tag would harm a URL');
    const read = parseReference(formatReference(reference));
    const kept = digest === undefined ? { registry, repository, tag } : { registry, repository, digest };
    expectThat(isDeepStrictEqual(read, kept), `${formatReference(reference)} does not read back`);
    expectThat(isDeepStrictEqual(parseReference(familiarReference(reference)), kept), 'the familiar form does not read back');
    return 'accepted';
  },
};

/** Each line of a file of the corpus. */
export function linesOf(name) {
  const text = readFileSync(new URL(`../corpus/${name}`, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '').map((line) => Buffer.from(line, 'latin1'));
}
