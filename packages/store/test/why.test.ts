import type { Holder } from '@keelson/store';
import { explain } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { storedImage } from './support/stored-image.js';

const [shared, own, old] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];
const app = storedImage('docker.io/library/app:latest', [shared, own]);
const base = storedImage('docker.io/library/base:latest', [shared], { pinned: true });
const inventory = { images: [app, base] };
const web: Holder = { name: 'container web', references: [app.reference], layers: [shared, own] };

describe('explain', () => {
  it('tells every chain from a root to an image', () => {
    expect(explain(inventory, [web], app.reference)).toEqual({
      object: app.reference,
      kept: true,
      chains: [['container web', app.reference]],
    });
    expect(explain(inventory, [], base.reference).chains).toEqual([['pinned', base.reference]]);
    expect(explain(inventory, [], app.reference)).toEqual({ object: app.reference, kept: false, chains: [] });
  });

  it('tells every chain to a layer, through each image that holds it', () => {
    expect(explain(inventory, [web], shared).chains).toEqual([
      ['container web', app.reference, shared],
      ['pinned', base.reference, shared],
    ]);
    expect(explain(inventory, [], own).kept).toBe(false);
  });

  it('tells a holder that stands on a layer of an image that is not there any more', () => {
    const gone = { ...web, layers: [old] };
    expect(explain(inventory, [gone], old).chains).toEqual([['container web', old]]);
  });
});
