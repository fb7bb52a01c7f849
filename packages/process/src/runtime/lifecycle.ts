import { toError } from '../errors.js';
import { READY } from '../future/future-core.js';
import { settle } from '../future/settlement.js';
import type { Cell } from './cell.js';
import { GONE, INITIALIZED, PURGE } from './cell-bits.js';
import { current } from './current.js';
import { drop } from './delivery.js';
import { explain } from './event-trace.js';
import { ExitedEvent, TerminateEvent } from './events.js';
import type { Mailbox } from './mailbox.js';
import { superviseCrash } from './nursery.js';
import type { Runtime } from './runtime.js';
import type { FailingEvent } from './supervision.js';
import type { Birth } from './turns.js';

/** Runs `initialize`, the first thing a process does. */
export function initialize(runtime: Runtime, { cell, id, cause }: Birth): void {
  current.cell = cell;
  runtime.event = id;
  runtime.log.record(id, cause, cell, 'initialize');
  cell.bits |= INITIALIZED;
  try {
    (cell.process as unknown as { initialize(): void }).initialize();
  } catch (thrown) {
    const error = toError(thrown);
    explain(error, runtime.log.trace(id));
    endProcess(runtime, cell, error, { id, cause, label: 'initialize', arguments: [] });
  }
}

/** Drops what lies before the first termination in a mailbox: that one was injected. */
export function purge(runtime: Runtime, cell: Cell, mailbox: Mailbox): void {
  cell.bits &= ~PURGE;
  while (mailbox.size > 0) {
    const { slots, at } = mailbox;
    const what = slots[at];
    if (what instanceof TerminateEvent) return;
    const id = slots[at + 2] as number;
    const cause = slots[at + 3] as number;
    mailbox.advance();
    drop(runtime, cell, what, id, cause, 'terminated');
  }
}

/**
 * Ends a process, in libprocess's order: `finalize`, leftovers dropped (their futures are abandoned), out of
 * the table, linkers told, waiters released. A crash comes with its reason, and may be followed by a restart.
 */
export function endProcess(
  runtime: Runtime,
  cell: Cell,
  reason: Error | undefined,
  event: FailingEvent | undefined,
): void {
  if (cell.bits & GONE) return;
  try {
    (cell.process as unknown as { finalize(): void }).finalize();
  } catch (thrown) {
    reason ??= toError(thrown);
    if (reason !== thrown) runtime.callbackFailed(toError(thrown));
  }
  const mailboxDepth = cell.mailbox?.size ?? 0;
  cell.bits |= GONE;
  dropLeftovers(runtime, cell);
  runtime.table.remove(cell);
  tellLinkers(cell, reason);
  const waiters = cell.ties?.waiters;
  if (waiters) for (const waiter of waiters) settle(waiter, READY, true);
  runtime.observe(() => ({ version: 1, kind: 'exited', atMs: runtime.clock.now(), process: cell.id, reason }));
  if (!reason) return;
  runtime.counted.crashes += 1;
  const failing = event ?? { id: 0, cause: 0, label: 'finalize', arguments: [] };
  superviseCrash(runtime, cell, reason, failing, mailboxDepth);
}

function dropLeftovers(runtime: Runtime, cell: Cell): void {
  const { mailbox } = cell;
  if (mailbox === undefined) return;
  while (mailbox.size > 0) {
    const { slots, at } = mailbox;
    const what = slots[at];
    const id = slots[at + 2] as number;
    const cause = slots[at + 3] as number;
    mailbox.advance();
    drop(runtime, cell, what, id, cause, 'terminated');
  }
}

function tellLinkers(cell: Cell, reason: Error | undefined): void {
  const { ties } = cell;
  if (!ties) return;
  if (ties.linked) for (const linkee of ties.linked) linkee.ties?.linkers?.delete(cell);
  if (!ties.linkers) return;
  for (const linker of ties.linkers) {
    linker.ties?.linked?.delete(cell);
    if (linker === cell || !linker.isAlive) continue;
    linker.runtime!.submit(linker, new ExitedEvent(cell.pid, reason), undefined, false);
  }
  ties.linkers = undefined;
}
