import { DISCARDED, READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';
import type { Cell } from './cell.js';
import { ExitedEvent } from './events.js';
import { Pid } from './pid.js';
import type { Runtime } from './runtime.js';

/** Lets `linker` hear once when the process of `pid` ends; at once if it has. Linking twice is one link. */
export function link(linker: Cell, pid: Pid): void {
  const linkee = Pid.cellOf(pid);
  if (!linkee || !linker.runtime) return;
  if (!linkee.isAlive) {
    linker.runtime.submit(linker, new ExitedEvent(pid, undefined), undefined, false);
    return;
  }
  (linkee.tied().linkers ??= new Set()).add(linker);
  (linker.tied().linked ??= new Set()).add(linkee);
  const { runtime, id: process } = linker;
  runtime.observe(() => ({ version: 1, kind: 'linked', atMs: runtime.clock.now(), process, to: linkee.id }));
}

/** READY with true when a live process is gone, with false if `timeoutMs` passes first. */
export function waitFor(runtime: Runtime, cell: Cell, timeoutMs: number | undefined): Future<boolean> {
  const waiter = Future.pending<boolean>();
  const waiters = (cell.tied().waiters ??= new Set());
  waiters.add(waiter);
  waiter.onDiscard(() => void settle(waiter, DISCARDED, undefined));
  waiter.onAny(() => void waiters.delete(waiter));
  if (timeoutMs !== undefined) {
    const timer = runtime.timer(timeoutMs, () => void settle(waiter, READY, false), 'wait', cell.id);
    waiter.onAny(() => void timer.cancel());
  }
  return waiter;
}
