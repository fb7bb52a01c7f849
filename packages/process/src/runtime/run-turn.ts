import { toError } from '../errors.js';
import { current } from './current.js';
import type { OfferedItem } from './dispatcher.js';
import type { Runtime } from './runtime.js';

/** Runs something that is no event of a mailbox, in the name of the event it was born from. */
export function runTurn(runtime: Runtime, item: OfferedItem, cause: number): void {
  const { runtime: outerRuntime, cell } = current;
  const { event } = runtime;
  current.runtime = runtime;
  current.cell = undefined;
  runtime.event = cause;
  const { kind: turn, label, process = '' } = item;
  runtime.observe(() => ({ version: 1, kind: 'turn', atMs: runtime.clock.now(), process, id: 0, cause, label, turn }));
  try {
    item.run();
  } catch (error) {
    runtime.callbackFailed(toError(error));
  } finally {
    runtime.event = event;
    current.runtime = outerRuntime;
    current.cell = cell;
  }
}
