import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../src/page/history.js';
import { ActorTable } from '../../src/records/actor-table.js';
import type { InspectorRecord } from '../../src/records/record.js';

const atMs = 0;
const actors = ['a', 'b', 'c'];
const record: fc.Arbitrary<InspectorRecord> = fc
  .tuple(fc.constantFrom(...actors), fc.constantFrom('spawned', 'exited', 'begun', 'ended', 'machine'))
  .map(([process, kind]): InspectorRecord => {
    if (kind === 'spawned') return { kind, atMs, process, cause: 0 };
    if (kind === 'exited') return { kind, atMs, process };
    if (kind === 'machine') return { kind, atMs, process, machine: 'm', event: 'e', cause: 0, state: 'there' };
    const about = { atMs, process, id: 1, cause: 0, label: 'do' };
    return kind === 'begun' ? { ...about, kind, arguments: [] } : { ...about, kind: 'ended', outcome: 'ready' };
  });

describe('History', () => {
  it('shows every moment as the records up to it tell, whatever was looked at before', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 80 }), fc.array(fc.nat(80), { maxLength: 10 }), (records, moments) => {
        const history = new History();
        history.append(records);
        for (const moment of moments) {
          const at = Math.min(moment, history.end);
          const expected = new ActorTable();
          for (const each of records.slice(0, at)) expected.apply(each);
          expect([...history.tableAt(at).actors]).toEqual([...expected.actors]);
        }
      }),
    );
  });

  it('keeps its memory bounded, and its moments what they were', () => {
    const history = new History();
    history.append([{ kind: 'spawned', atMs, process: 'first', cause: 0 }]);
    const noise = Array.from({ length: 10_000 }, (): InspectorRecord => ({ kind: 'depths', atMs, process: '', depths: {}, events: 0 }));
    for (let n = 0; n < 7; n += 1) history.append(noise);
    expect(history.records.length).toBeLessThanOrEqual(60_000);
    expect(history.end).toBe(70_001);
    expect(history.start).toBe(history.end - history.records.length);
    expect(history.tableAt(history.start).actors.has('first')).toBe(true);
  });
});
