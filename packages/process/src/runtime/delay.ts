import type { ClockTimer } from '../time/clock.js';
import { startTimer } from '../time/start-timer.js';
import { askStandIn } from './dispatch.js';
import type { ArgumentsOf, RequestOf } from './dispatch.js';
import { packed } from './events.js';
import { Pid } from './pid.js';

/**
 * Asks `method` of a process after `ms` on its runtime's clock; nobody gets the answer. Cancelling answers
 * true only if it really prevented the request; afterwards it may already be in the mailbox.
 *
 * @example
 * this.#timer = delay(this.stallTimeoutMs, this.self, 'checkForStall');
 */
export function delay<T extends { readonly id: string }, K extends RequestOf<T>>(
  ms: number,
  pid: T,
  method: K,
  ...args: ArgumentsOf<T, K>
): ClockTimer {
  const cell = Pid.cellOf(pid);
  if (!cell?.runtime) return startTimer(ms, () => void askUnlessGone(pid, method, args));
  const { runtime } = cell;
  const label = `delay ${String(method)}`;
  return runtime.timer(ms, () => runtime.submit(Pid.cellOf(pid)!, method, packed(args), false), label, pid.id);
}

function askUnlessGone(pid: object, method: unknown, args: readonly unknown[]): void {
  const cell = Pid.cellOf(pid);
  if (!cell) askStandIn(pid, method, args);
  else cell.runtime?.submit(cell, method, packed(args), false);
}
