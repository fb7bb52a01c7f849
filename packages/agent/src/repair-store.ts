import type { Future } from '@keelson/process';
import type { CheckReport, ConsistencyProblem } from './consistency.js';
import type { Machine } from './machine.js';
import type { ReadOnlyView } from './read-only-view.js';

/** What a repair moves aside: by all of these the store can lose nothing that it could still use. */
const repairable: ReadonlySet<string> = new Set([
  'LAYER_DAMAGED',
  'ROOTFS_MISSING',
  'CORRUPT',
  'EMPTY',
  'FUTURE',
  'UNKNOWN',
]);

/**
 * Looks, moves aside what is damaged, forgets the images that are not whole then, and looks again.
 *
 * @param seen  problems known before, for example those that the start has put right
 */
export function repairMachine(
  { store, provisioner }: Pick<Machine, 'store' | 'provisioner'>,
  view: Pick<ReadOnlyView, 'check'>,
  seen: readonly ConsistencyProblem[] = [],
): Future<CheckReport> {
  return view.check({ contents: true }).then(({ problems: found }) => {
    const objects = found.filter(({ code }) => repairable.has(code)).map(({ object }) => object);
    const problems = distinct([...seen, ...found]);
    return provisioner
      .layersInUse()
      .then((active) => store.repair([...new Set(objects)].filter((object) => object !== 'storedImages'), active))
      .then(({ kept }) =>
        view.check().then((after): CheckReport => {
          const stays = new Map(kept.map(({ object, why }) => [object, why]));
          const left = new Set(after.problems.map(keyOf));
          const unread = (problem: ConsistencyProblem) => problem.code === 'LAYER_UNREADABLE';
          const remains = (each: ConsistencyProblem) => left.has(keyOf(each)) || stays.has(each.object) || unread(each);
          const told = distinct([...problems, ...after.problems]);
          return {
            ok: !told.some(remains),
            problems: told.map((each) => {
              const why = stays.get(each.object);
              return why === undefined ? each : { ...each, why: `${each.why}; it stays: ${why}` };
            }),
            repaired: [...new Set(told.filter((each) => !remains(each)).map(({ object }) => object))],
          };
        }),
      );
  });
}

function distinct(problems: readonly ConsistencyProblem[]): ConsistencyProblem[] {
  return [...new Map(problems.map((problem) => [keyOf(problem), problem])).values()];
}

function keyOf({ code, object }: ConsistencyProblem): string {
  return `${code} ${object}`;
}
