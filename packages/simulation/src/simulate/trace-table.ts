import type { RecordedTrace } from './trace-recorder.js';

interface Row {
  readonly step: string;
  readonly process: string;
  readonly event: string;
  readonly cause: string;
}

/**
 * The trace of a run as a table a person reads: one line for each handler, timer and completion, with what
 * became of it.
 *
 * @param maxRows  the last ones are shown; default 60
 */
export function traceTable(records: readonly RecordedTrace[], maxRows = 60): string {
  const events = indexOf(records);
  const rows = records.flatMap((record) => rowOf(record, events));
  const shown = rows.slice(-maxRows);
  const head: Row = { step: 'step', process: 'process', event: 'event', cause: 'cause' };
  const width = (key: keyof Row) => Math.min(44, Math.max(...[head, ...shown].map((row) => row[key].length)));
  const widths = { step: width('step'), process: width('process'), event: width('event') };
  const lines = [head, ...shown].map(({ step, process, event, cause }) => {
    const cells = [step.padStart(widths.step), process.padEnd(widths.process), event.padEnd(widths.event), cause];
    return cells.join('  ').trimEnd();
  });
  const left = rows.length - shown.length;
  return [...(left > 0 ? [`(${left} earlier rows left out)`] : []), ...lines].join('\n');
}

/** Beginnings and ends of handlers by the id of their event. */
interface EventIndex {
  readonly begun: ReadonlyMap<unknown, RecordedTrace>;
  readonly ended: ReadonlyMap<unknown, RecordedTrace>;
}

function indexOf(records: readonly RecordedTrace[]): EventIndex {
  const ofKind = (kind: string) =>
    new Map(records.filter((each) => each.kind === kind).map((each) => [each['id'], each]));
  return { begun: ofKind('begun'), ended: ofKind('ended') };
}

function rowOf(record: RecordedTrace, events: EventIndex): Row[] {
  const [step, process] = [String(record.step), record.process || '-'];
  const row = (event: string, cause = ''): Row[] => [{ step, process, event, cause }];
  const label = record['label'] as string;
  const cause = record['cause'] as number | undefined;
  switch (record.kind) {
    case 'begun':
      return row(`${label}(${argumentsOf(record)})${outcomeOf(record, events)}`, causeOf(cause, events));
    case 'turn':
      return row(`${record['turn'] as string}: ${label}`, causeOf(cause, events));
    case 'dropped':
      return row(`${label} is dropped: ${record['why'] as string}`, causeOf(cause, events));
    case 'exited':
      return row(record['reason'] ? `ends: ${(record['reason'] as Error).message}` : 'ends');
    case 'callback-failed':
      return row(`a callback threw: ${(record['error'] as Error).message}`);
    case 'machine':
      return row(`${record['event'] as string} -> ${record['state'] as string}`);
    default:
      return [];
  }
}

function argumentsOf(begun: RecordedTrace): string {
  return (begun['arguments'] as unknown[]).join(', ');
}

/** Handlers that simply went well need no mark. */
function outcomeOf(begun: RecordedTrace, events: EventIndex): string {
  const ended = events.ended.get(begun['id']);
  if (ended === undefined || ended['outcome'] === 'ready') return '';
  const error = ended['error'] as Error | undefined;
  return ` ${ended['outcome'] as string}${error === undefined ? '' : `: ${error.message}`}`;
}

function causeOf(id: number | undefined, events: EventIndex): string {
  if (id === undefined || id === 0) return '';
  const cause = events.begun.get(id);
  return cause === undefined ? `#${id}` : `${cause.process}.${cause['label'] as string}`;
}
