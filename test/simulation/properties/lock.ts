import fc from 'fast-check';
import { searchLock } from '../exhaustive-lock.js';
import { LockRun } from '../lock-run.js';
import { property } from '../property.js';

type Event = { readonly kind: 'ask'; readonly write: boolean; readonly byWork: boolean } | { readonly kind: 'finish' | 'discard'; readonly whom: number };

/** Any events: who finishes or loses interest is chosen among those who can. */
export const lockIsItsMachine = property({
  name: 'P8 the lock is its machine and a list of waiters: first in, first out, readers in phases',
  runs: 1_000,
  inputs: () =>
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.record({ kind: fc.constant('ask'), write: fc.boolean(), byWork: fc.boolean() }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('finish'), whom: fc.nat(7) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('discard'), whom: fc.nat(7) }) },
      ) as fc.Arbitrary<Event>,
      { maxLength: 24, size: 'max' },
    ),
  run: (events) => {
    const run = new LockRun();
    let asked = 0;
    for (const event of events) {
      const ids = Array.from({ length: asked }, (_, id) => id);
      if (event.kind === 'ask') {
        run.ask(asked, event.write ? 'write' : 'read', event.byWork);
        asked += 1;
      } else if (event.kind === 'finish') {
        const holders = ids.filter((id) => run.holds(id));
        if (holders.length > 0) run.finish(holders[event.whom % holders.length] as number);
      } else {
        const concerned = ids.filter((id) => run.waits(id) || run.holds(id));
        if (concerned.length > 0) run.discard(concerned[event.whom % concerned.length] as number);
      }
    }
  },
});

/** Small enough for every round of mutants; the full search is a test of its own. */
export const lockExhaustively = property({
  name: 'P8 every interleaving of three processes on the lock',
  runs: 1,
  inputs: () => fc.constant(undefined),
  run: () => void searchLock(3, 1),
});
