import { RuntimeError } from '../errors.js';
import type { Cell } from './cell.js';
import type { Pid } from './pid.js';

/** More or fewer arguments than one; a single argument lies in the mailbox as it is. */
export class Arguments {
  constructor(readonly list: readonly unknown[]) {}
}

/** No arguments at all. */
export const NO_ARGUMENTS = new Arguments([]);

/** The arguments of a call in the form in which a mailbox holds them. */
export function packed(args: readonly unknown[]): unknown {
  if (args.length === 1) return args[0];
  return args.length === 0 ? NO_ARGUMENTS : new Arguments(args);
}

/** The arguments of a call from the form in which a mailbox holds them. */
export function unpacked(args: unknown): readonly unknown[] {
  return args instanceof Arguments ? args.list : [args];
}

/** Somebody the process was linked to is gone. */
export class ExitedEvent {
  constructor(
    readonly pid: Pid,
    readonly reason: Error | undefined,
  ) {}
}

/** The end. Everything before it in the mailbox is served first, unless it was injected. */
export class TerminateEvent {
  constructor(readonly from: Cell | undefined) {}
}

/** A named message with a body, for processes that `install` handlers. */
export class MessageEvent {
  constructor(
    readonly name: string,
    readonly from: Pid | undefined,
    readonly body: unknown,
  ) {}
}

/** What a function without a name is called, where nothing better is known. */
export const NAMELESS = '(function)';

/** How an event is called in traces, given what lies in the mailbox. See `EventLog.labelOf` for nameless ones. */
export function labelOf(what: unknown): string {
  if (typeof what === 'string') return what;
  if (typeof what === 'function') return what.name || NAMELESS;
  if (what instanceof ExitedEvent) return `exited ${what.pid.id}`;
  if (what instanceof TerminateEvent) return 'terminate';
  if (what instanceof MessageEvent) return `message ${what.name}`;
  return labelOf((what as { value: unknown }).value);
}

/** A request by a name that whoever it was sent to does not have; it fails alone, as the sender's mistake. */
export function noSuchMethod(id: string, method: unknown): RuntimeError {
  return new RuntimeError('NO_SUCH_METHOD', `Cannot ask ${id} for '${String(method)}': it has no such method`);
}
