import { RuntimeError } from '../errors.js';
import { QUEUED } from './cell-bits.js';
import type { Cell } from './cell.js';
import { current } from './current.js';
import { Process } from './process.js';
import { parseId } from './process-table.js';
import type { Runtime } from './runtime.js';
import type { FailingEvent, RestartHistory } from './supervision.js';

/** How a process takes its place. */
export interface Place {
  /** Fixed, or undefined for the prefix and the next number. */
  readonly id: string | undefined;
  readonly restarts: RestartHistory | undefined;
  /** The incarnation that crashed, whose address it takes over. */
  readonly earlier: Cell | undefined;
}

/**
 * Gives a cell its id and its place in the table, and queues its `initialize`. Refuses without having changed
 * anything.
 */
export function place(runtime: Runtime, cell: Cell, { id, restarts, earlier }: Place): void {
  if (runtime.isFinalizing) {
    throw new RuntimeError('FINALIZING', `Cannot spawn '${id ?? cell.prefix}': the runtime is ending`);
  }
  if (cell.runtime) {
    throw new RuntimeError('ALREADY_SPAWNED', `Cannot spawn '${cell.id}': the object was spawned before`);
  }
  const { table } = runtime;
  const fixed = id === undefined ? undefined : parseId(id);
  if (fixed && table.get(fixed.prefix, fixed.number)) {
    throw new RuntimeError('DUPLICATE_ID', `Cannot spawn '${id}': a live process has that id`);
  }
  if (earlier) cell.inheritPid(earlier);
  // A class with a reserved name is refused here.
  void cell.pid;
  if (fixed) cell.prefix = fixed.prefix;
  cell.number = fixed ? fixed.number : table.nextNumber(cell.prefix);
  if (restarts) cell.tied().restarts = restarts;
  cell.runtime = runtime;
  cell.bits = QUEUED;
  table.add(cell);
  const { event: cause, clock } = runtime;
  const parent = current.cell?.id;
  runtime.observe(() => ({ version: 1, kind: 'spawned', atMs: clock.now(), process: cell.id, cause, parent }));
  runtime.queueBirth(cell);
}

/**
 * A process crashed: it is made anew after a wait, if somebody supervises it and its limit is not reached.
 */
export function superviseCrash(
  runtime: Runtime,
  cell: Cell,
  reason: Error,
  event: FailingEvent,
  mailboxDepth: number,
): void {
  const history = cell.ties?.restarts;
  if (!history || runtime.isFinalizing) return;
  const { supervision } = history;
  const atMs = runtime.clock.now();
  const process = cell.id;
  const restarts = history.recent(atMs);
  const wanted = supervision.onCrash?.({ process, reason, event, mailboxDepth, restarts }) !== false;
  const delayMs = wanted ? history.next(atMs) : undefined;
  const givenUp = delayMs === undefined;
  runtime.observe(() => ({ version: 1, kind: 'restart', atMs, process, restarts, delayMs: delayMs ?? 0, givenUp }));
  if (!givenUp) runtime.timer(delayMs, () => restart(runtime, cell, history), 'restart', process);
}

function restart(runtime: Runtime, earlier: Cell, restarts: RestartHistory): void {
  if (runtime.isFinalizing || runtime.successorOf(earlier)) return;
  runtime.counted.restarts += 1;
  place(runtime, Process.cellOf(restarts.supervision.create()), { id: earlier.id, restarts, earlier });
}
