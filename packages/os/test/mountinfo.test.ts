import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mountsWithin, parseMountInfo } from '../dist/mountinfo.js';

const sample = '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue';

describe('parseMountInfo', () => {
  it('reads the example of the manual page', () => {
    expect(parseMountInfo(`${sample}\n`)).toEqual([
      {
        id: 36,
        parentId: 35,
        device: '98:0',
        root: '/mnt1',
        target: '/mnt2',
        options: 'rw,noatime',
        type: 'ext3',
        source: '/dev/root',
        superOptions: 'rw,errors=continue',
      },
    ]);
  });

  it('reads a line without tags, and leaves out what is no mount', () => {
    const text = '1 0 0:1 / / rw - tmpfs tmpfs rw\n\ngarbage\n1 2 3 4 5 6 7\n';

    expect(parseMountInfo(text).map(({ target }) => target)).toEqual(['/']);
  });

  it('gives back every target and source, whatever characters the kernel had to escape', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => text.isWellFormed() && !text.includes('\0'));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(path, path, fc.array(fc.constantFrom('shared:1', 'master:2'), { maxLength: 2 }))),
        (mounts) => {
          const text = mounts
            .map(([target, source, tags]) =>
              [
                1,
                0,
                '0:1',
                '/',
                escape(`/${target}`),
                'rw',
                ...tags,
                '-',
                'tmpfs',
                escape(source),
                'rw',
              ].join(' '),
            )
            .join('\n');

          const parsed = parseMountInfo(text);

          expect(parsed.map(({ target, source }) => [target, source])).toEqual(
            mounts.map(([target, source]) => [`/${target}`, source]),
          );
        },
      ),
    );
  });

  it('knows which mounts are at or below a path, and not those whose name only begins alike', () => {
    const lines = ['/a', '/a/b', '/ab', '/a/b/c', '/'].map(
      (target, id) => `${id} 0 0:1 / ${target} rw - tmpfs t rw`,
    );

    const within = mountsWithin(parseMountInfo(lines.join('\n')), '/a');

    expect(within.map(({ target }) => target)).toEqual(['/a', '/a/b', '/a/b/c']);
  });
});

/** As `mangle` in the kernel's fs/seq_file.c, with the characters that show_mountinfo gives it. */
function escape(text: string): string {
  return text.replaceAll(
    /[ \t\n\\#]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}
