import { isDeepStrictEqual } from 'node:util';
import { parseChallenges } from '../../../packages/store/dist/index.js';
import { expectThat } from '../finding.mjs';
import { mutateBytes } from '../mutate-bytes.mjs';
import { linesOf } from './references.mjs';

const seeds = linesOf('challenges.txt');
const words = ['Basic ', 'Bearer ', 'realm=', 'realm="', '"', '\\"', '\\', ',', ', ,', '=', '==', ' ', '\t', 'a=b', 'scope="x"'].concat(
  ['\0', '\x7f', '\xff', '\r\n', 'a'.repeat(9000), ',a=b'.repeat(300), '"'.repeat(50), '\\"'.repeat(60), '='.repeat(80)],
);

/** `WWW-Authenticate`: read or nothing, and what was read, written by the grammar, reads back the same. */
export const challenges = {
  name: 'challenges',
  ending: 'txt',
  seeds,
  mutate: (random, seed) => mutateBytes(random, seed, { words, seeds }),
  check(bytes) {
    const found = parseChallenges(bytes.toString('latin1'));
    if (found.length === 0) return 'refused';
    for (const { scheme, parameters } of found) {
      expectThat(/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(scheme), `${JSON.stringify(scheme)} is no scheme`);
      for (const name of parameters.keys()) expectThat(/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name), 'a parameter has no name');
      for (const value of parameters.values()) expectThat(!/[\0\r\n]/.test(value), 'a value would harm a header');
    }
    const written = found.map(challengeText).join(', ');
    if (written.length <= 8192) expectThat(isDeepStrictEqual(parseChallenges(written), found), `${written} does not read back`);
    return 'accepted';
  },
};

function challengeText({ scheme, parameters }) {
  const quoted = [...parameters].map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`);
  return `${scheme} ${quoted.join(', ')}`.trimEnd();
}
