import * as fc from 'fast-check';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitEntryName } from '../../dist/workers/entry-name.js';

describe('the name of an entry', () => {
  it('is split into a folder and a last component as paths are', () => {
    const component = fc.constantFrom('a', 'b.c', '.', '', '.x', 'x.', '...');
    fc.assert(
      fc.property(fc.array(component, { maxLength: 8 }), (components) => {
        const name = components.join('/');
        const { folder, name: last } = splitEntryName(name);
        const normal = posix.normalize(`/${name}`);
        expect(`/${last}`).toBe(`/${posix.basename(normal)}`);
        expect(posix.normalize(`/${folder}/${last}`).replace(/\/$/, '')).toBe(normal.replace(/\/$/, ''));
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['..', 'a/..', 'a/../', 'a/.././', '../.'])('%s is refused', (name) => {
    expect(() => splitEntryName(name)).toThrow(expect.objectContaining({ code: 'PATH_ESCAPES' }));
  });
});
