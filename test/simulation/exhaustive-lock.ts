import { LockRun } from './lock-run.js';
import type { Kind } from './tiny-lock.js';

/** A process of the exhaustive search: it asks, then holds (or loses interest while it waits), then gives back. */
interface Plan {
  readonly kind: Kind;
  readonly impatient: boolean;
}

const operationsEach = 3;

/** What was searched, and how many interleavings that is. */
export interface LockSearch {
  readonly interleavings: number;
  readonly assignments: number;
}

/**
 * Every interleaving of `processes` processes of three operations each (ask; hold, or give up waiting; give back), for
 * every choice of readers and writers and up to `impatient` impatient ones. Every step is compared with the tiny lock.
 */
export function searchLock(processes: number, impatient: number): LockSearch {
  let interleavings = 0;
  let assignments = 0;
  // Processes are alike but for their plan, so the order among them does not matter: all interleavings are run.
  for (let writers = 0; writers <= processes; writers += 1) {
    for (let hasty = 0; hasty <= impatient; hasty += 1) {
      const plans = Array.from({ length: processes }, (_, index): Plan => {
        return { kind: index < writers ? 'write' : 'read', impatient: (index * 7 + writers) % processes < hasty };
      });
      assignments += 1;
      interleavings += search(plans);
    }
  }
  return { interleavings, assignments };
}

/** Depth first; every path is run anew, since the real lock cannot be copied. */
function search(plans: readonly Plan[]): number {
  let runs = 0;
  const path: number[] = [];
  for (;;) {
    const open = runPath(plans, path);
    runs += 1;
    for (let depth = path.length - 1; ; depth -= 1) {
      if (depth < 0) return runs;
      const next = open[depth]?.find((process) => process > (path[depth] as number));
      if (next === undefined) continue;
      path.length = depth;
      path.push(next);
      break;
    }
  }
}

/** Follows `path`, then always the first process that can move; answers which could move at each step. */
function runPath(plans: readonly Plan[], path: number[]): (readonly number[])[] {
  const run = new LockRun(false);
  const done = plans.map(() => 0);
  const open: (readonly number[])[] = [];
  for (let step = 0; ; step += 1) {
    const movable = plans.flatMap((plan, index) => (mayMove(run, plan, index, done[index] as number) ? [index] : []));
    if (movable.length === 0) return open;
    open.push(movable);
    const process = (path[step] ??= movable[0] as number);
    move(run, plans[process] as Plan, process, done[process] as number);
    done[process] = run.waits(process) || run.holds(process) ? (done[process] as number) + 1 : operationsEach;
  }
}

function mayMove(run: LockRun, { impatient }: Plan, id: number, done: number): boolean {
  if (done === 0) return true;
  if (done >= operationsEach) return false;
  return run.holds(id) || (impatient && run.waits(id));
}

function move(run: LockRun, plan: Plan, id: number, done: number): void {
  if (done === 0) return run.ask(id, plan.kind, id % 2 === 1);
  if (run.waits(id)) return run.discard(id);
  if (done === 2) return run.finish(id);
}
