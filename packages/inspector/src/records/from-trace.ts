import type { TraceRecord } from '@keelson/process';
import type { InspectorRecord } from './record.js';
import type { Plain } from './plain.js';
import { sanitize, sanitizeError } from './sanitize.js';

/** How values of programs become values that may be shown. */
export type Sanitize = (value: unknown) => Plain;

/** Of arguments only the gist is shown: they come by the thousand. */
export const sanitizeArgument: Sanitize = (value) => sanitize(value, { depth: 1, entries: 6, characters: 80 });

/**
 * A record of a runtime as plain data. The values in it are looked at now, and never again. `sanitizeValue` is for the
 * arguments of requests; what locks say of themselves is numbers.
 */
export function fromTrace(trace: TraceRecord, sanitizeValue: Sanitize = sanitizeArgument): InspectorRecord {
  const { atMs, process } = trace;
  switch (trace.kind) {
    case 'spawned': {
      const { cause, parent } = trace;
      return { kind: 'spawned', atMs, process, cause, ...(parent !== undefined && { parent }) };
    }
    case 'exited':
      return { kind: 'exited', atMs, process, ...(trace.reason && { reason: sanitizeError(trace.reason) }) };
    case 'linked':
      return { kind: 'linked', atMs, process, to: trace.to };
    case 'restart': {
      const { restarts, delayMs, givenUp } = trace;
      return { kind: 'restart', atMs, process, restarts, delayMs, givenUp };
    }
    case 'callback-failed':
      return { kind: 'callback-failed', atMs, process, error: sanitizeError(trace.error) };
    case 'machine': {
      const { machine, event, cause, state, context } = trace;
      const shown = sanitize(context, { entries: 200 });
      return { kind: 'machine', atMs, process, machine, event, cause, state, context: shown };
    }
    default:
      return fromEvent(trace, sanitizeValue);
  }
}

type EventTrace = Extract<TraceRecord, { readonly id: number }>;

/** Written out field by field: this is what a flood of events costs while somebody looks. */
function fromEvent(trace: EventTrace, sanitizeValue: Sanitize): InspectorRecord {
  const { atMs, process, id, cause, label } = trace;
  switch (trace.kind) {
    case 'queued': {
      const { sender, depth } = trace;
      if (sender === undefined) return { kind: 'queued', atMs, process, id, cause, label, depth };
      return { kind: 'queued', atMs, process, id, cause, label, sender, depth };
    }
    case 'begun': {
      const given = trace.arguments.length === 0 ? [] : trace.arguments.slice(0, 8).map(sanitizeValue);
      return { kind: 'begun', atMs, process, id, cause, label, arguments: given };
    }
    case 'ended':
    case 'settled': {
      const { kind, outcome, error } = trace;
      const told = { kind, atMs, process, id, cause, label, outcome } as const;
      return (error ? { ...told, error: sanitizeError(error) } : told) as InspectorRecord;
    }
    case 'dropped':
      return { kind: 'dropped', atMs, process, id, cause, label, why: trace.why };
    case 'turn':
      return { kind: 'turn', atMs, process, id, cause, label, turn: trace.turn };
  }
}
