import { RuntimeError } from '../errors.js';
import { FAILED, FutureCore } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { abandon, settle } from '../future/settlement.js';
import type { Cell } from './cell.js';
import { current } from './current.js';
import { labelOf } from './events.js';
import type { Runtime } from './runtime.js';
import type { DroppedRecord } from './trace-record.js';

/** An event will never be served: it is counted, told, and its future is abandoned. */
export function drop(
  runtime: Runtime,
  cell: Cell,
  what: unknown,
  id: number,
  cause: number,
  why: DroppedRecord['why'],
): void {
  if (why !== 'filtered') runtime.counted.deadLetters += 1;
  tellDropped(runtime, cell, what, id, cause, why);
  if (!(what instanceof FutureCore)) return;
  what.value = undefined;
  abandon(what);
}

/** A request meets a full mailbox: it fails, so that whoever floods hears of it. */
export function refuse(runtime: Runtime, cell: Cell, what: unknown, limit: number): void {
  runtime.counted.refused += 1;
  const message = `${cell.id} refused '${labelOf(what)}': ${limit} requests are waiting`;
  tellDropped(runtime, cell, what, runtime.nextId(), runtime.event, 'full');
  // A post has no future: one that failed unseen takes its place in the count of unobserved failures.
  const future = what instanceof FutureCore ? what : Future.pending();
  // Whoever asks from outside is in no handler; the failure is this runtime's all the same.
  const outer = current.runtime;
  current.runtime = runtime;
  settle(future, FAILED, new RuntimeError('MAILBOX_FULL', message));
  current.runtime = outer;
}

/** Tells the observers of an event that entered a mailbox. */
export function tellQueued(runtime: Runtime, cell: Cell, what: unknown, id: number): void {
  runtime.observe(() => ({
    version: 1,
    kind: 'queued',
    atMs: runtime.clock.now(),
    process: cell.id,
    id,
    cause: runtime.event,
    label: runtime.log.labelOf(what, cell, runtime.event),
    sender: current.cell?.id,
    depth: cell.mailbox?.size ?? 0,
  }));
}

function tellDropped(
  runtime: Runtime,
  cell: Cell,
  what: unknown,
  id: number,
  cause: number,
  why: DroppedRecord['why'],
): void {
  runtime.observe(() => ({
    version: 1,
    kind: 'dropped',
    atMs: runtime.clock.now(),
    process: cell.id,
    id,
    cause,
    label: runtime.log.labelOf(what, cell, cause),
    why,
  }));
}
