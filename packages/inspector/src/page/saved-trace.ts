import { LockStory } from '../records/lock-story.js';
import type { Plain, PlainObject } from '../records/plain.js';
import type { InspectorRecord } from '../records/record.js';
import { RECORD_VERSION } from '../records/record.js';
import { sanitize, sanitizeError } from '../records/sanitize.js';

declare const LOCK_DEFINITION: PlainObject;

/** A trace out of a file. */
export interface SavedTrace {
  readonly title: string;
  /** What went wrong, if it is of a failure. */
  readonly failure?: string;
  readonly records: readonly InspectorRecord[];
}

/** What a file of this page's own is. */
export const TRACE_KIND = 'keelson-inspector-trace';

/**
 * Reads a trace: a failure that a simulation saved, or what this page has saved itself. Whatever is in the file, only
 * plain bounded values come out.
 *
 * @throws Error    it is neither, or of an unknown version
 */
export function readTrace(text: string): SavedTrace {
  let file: Record<string, unknown>;
  try {
    file = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`this is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof file !== 'object' || file === null) throw new Error('this is no trace');
  const { kind, version } = file;
  if (kind === TRACE_KIND || kind === 'keelson-simulation-failure') {
    if (version !== RECORD_VERSION) throw new Error(`version ${String(version)} of traces is not known here`);
    return kind === TRACE_KIND ? ownTrace(file) : failureTrace(file);
  }
  throw new Error('this is neither a failure that a simulation saved nor a trace saved here');
}

/** The text of a file that `readTrace` reads. */
export function writeTrace(title: string, records: readonly InspectorRecord[]): string {
  return JSON.stringify({ kind: TRACE_KIND, version: RECORD_VERSION, title, records });
}

function ownTrace(file: Record<string, unknown>): SavedTrace {
  return { title: textOf(file['title'], 'a saved trace'), records: recordsOf(file['records']) };
}

function failureTrace(file: Record<string, unknown>): SavedTrace {
  const { name } = objectOf(file['scenario']);
  const error = sanitizeError(file['error']);
  const story = new LockStory(LOCK_DEFINITION);
  const records = recordsOf(file['trace']).flatMap((record) => story.expand(record));
  return { title: textOf(name, 'a simulation'), failure: `${error.name}: ${error.message}`, records };
}

function recordsOf(value: unknown): InspectorRecord[] {
  if (!Array.isArray(value)) throw new Error('there are no records in this file');
  return value.slice(0, 200_000).flatMap((one) => recordOf(objectOf(one)));
}

/** Texts that a record of a kind must have, and numbers. */
const shapes: Readonly<Record<string, { readonly texts?: readonly string[]; readonly numbers?: readonly string[] }>> = {
  spawned: { numbers: ['cause'] },
  exited: {},
  linked: { texts: ['to'] },
  restart: { numbers: ['restarts', 'delayMs'] },
  queued: { texts: ['label'], numbers: ['id', 'cause', 'depth'] },
  begun: { texts: ['label'], numbers: ['id', 'cause'] },
  ended: { texts: ['label', 'outcome'], numbers: ['id', 'cause'] },
  settled: { texts: ['label', 'outcome'], numbers: ['id', 'cause'] },
  dropped: { texts: ['label', 'why'], numbers: ['id', 'cause'] },
  turn: { texts: ['label', 'turn'], numbers: ['id', 'cause'] },
  'callback-failed': {},
  definition: { texts: ['machine'] },
  actor: { texts: ['name'] },
  machine: { texts: ['machine', 'event'] },
  sent: { texts: ['label'] },
  job: { texts: ['label', 'phase'], numbers: ['id', 'cause'] },
  depths: { numbers: ['events'] },
  gap: { numbers: ['missed'] },
};

/** A record with every field of the type it must have; of kinds that are not known, nothing. */
function recordOf(one: Record<string, unknown>): InspectorRecord[] {
  const kind = one['kind'];
  const shape = typeof kind === 'string' && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  if (!shape) return [];
  const shown = sanitize(one, { depth: kind === 'definition' ? 24 : 5, entries: 300, characters: 400 }) as PlainObject;
  const record: Record<string, Plain> = { ...shown };
  for (const name of ['process', ...(shape.texts ?? [])]) record[name] = textOf(record[name], '');
  for (const name of ['atMs', ...(shape.numbers ?? [])]) record[name] = numberOf(record[name]);
  for (const name of ['parent', 'sender']) if (typeof record[name] !== 'string') delete record[name];
  if (kind === 'begun' && !Array.isArray(record['arguments'])) record['arguments'] = [];
  if (kind === 'depths') record['depths'] = objectOf(record['depths']) as PlainObject;
  if (kind === 'definition') record['definition'] = objectOf(record['definition']) as PlainObject;
  if (kind === 'machine' && !isState(record['state'])) record['state'] = 'unknown';
  if (kind === 'actor' && !isState(record['state'])) delete record['state'];
  for (const name of ['reason', 'error']) {
    if (record[name] !== undefined) record[name] = { ...sanitizeError(record[name]) };
  }
  return [record as unknown as InspectorRecord];
}

function isState(value: unknown): boolean {
  if (typeof value === 'string') return true;
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isState);
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
