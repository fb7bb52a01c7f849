import type { LayerRecord } from '@keelson/store';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LayerTable } from '../src/layer-table.js';
import { Roots } from '../src/roots.js';

const id = 'a'.repeat(64);
const record = { id } as LayerRecord;

/** What the call was refused with, up to the comma. */
function refusal(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as Error).message.split(',')[0];
  }
}

describe('layer table', () => {
  it('lets a layer go only the ways it may go', () => {
    const calls = ['publish', 'condemn', 'rescue', 'remove', 'drop'] as const;
    const ways: Record<string, Record<string, string>> = {
      absent: { publish: 'present' },
      present: { condemn: 'condemned', drop: 'absent' },
      condemned: { rescue: 'present', remove: 'absent' },
    };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...calls)), (program) => {
        const table = new LayerTable();
        let expected = 'absent';
        for (const call of program) {
          const next = ways[expected]![call];
          const act = (): unknown => (call === 'publish' ? table.publish(record) : table[call](id));
          expect(refusal(act)).toBe(next === undefined ? `layer ${id} is ${expected}` : undefined);
          expected = next ?? expected;
          expect(table.stateOf(id)).toBe(expected);
          expect(table.record(id) !== undefined).toBe(expected === 'present');
        }
      }),
    );
  });

  it('tells when a condemned layer is decided, whichever way', () => {
    const table = new LayerTable();
    expect(table.decided(id).isReady()).toBe(true);
    for (const end of ['rescue', 'remove'] as const) {
      if (table.stateOf(id) === 'absent') table.publish(record);
      table.condemn(id);
      const decided = table.decided(id);
      expect(decided.isPending()).toBe(true);
      table[end](id);
      expect(decided.isReady()).toBe(true);
    }
  });
});

describe('roots', () => {
  it('end with their owner', () => {
    const roots = new Roots();
    roots.hold('web', { reference: 'r', layers: [id] });
    roots.hold('web', { reference: 's' });
    expect(roots.holds('web', 'r') && roots.holds('web', 's')).toBe(true);
    roots.release('web');
    roots.release('nobody');
    expect(roots.list()).toEqual([]);
    expect(roots.whyLive(id)).toBeUndefined();
  });

  it('linger while a prune is open, until every prune that was open then has ended', () => {
    const roots = new Roots();
    roots.hold('web', { reference: 'r', layers: [id] });
    const first = roots.openPrune();
    const second = roots.openPrune();
    roots.release('web');
    expect(roots.holds('web', 'r')).toBe(false);
    expect(roots.heldReferences().get('r')).toBe('in use by web');
    roots.closePrune(first);
    expect(roots.whyLive(id)).toBe('in use by web');
    // One that was opened later knows of what came into use before.
    const third = roots.openPrune();
    roots.closePrune(second);
    expect(roots.list()).toEqual([]);
    roots.closePrune(third);
  });

  it('give each layer the first of its reasons: a container, a root, work under way', () => {
    const roots = new Roots();
    roots.hold('web', { layers: ['l1', 'l2'] });
    expect([...roots.liveLayers(['l1'], ['l2', 'l3']).values()]).toEqual([
      'a container stands on it',
      'in use by web',
      'a pull needs it',
    ]);
  });
});
