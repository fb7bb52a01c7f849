import type { InspectorRecord } from '../records/record.js';
import type { Hello } from './connection.js';
import { formatCount } from './format.js';

/** When a record was made: the step of a simulation, or else the time of day. */
export function formatMoment(record: InspectorRecord | undefined, hello: Hello | undefined): string {
  if (!record) return '–';
  if (record.step !== undefined) return `step ${formatCount(record.step)}`;
  if (!hello) return `${(record.atMs / 1_000).toFixed(3)} s`;
  const date = new Date(hello.originMs + record.atMs);
  const pad = (value: number, length = 2): string => String(value).padStart(length, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part)).join(':');
  return `${time}.${pad(date.getMilliseconds(), 3)}`;
}
