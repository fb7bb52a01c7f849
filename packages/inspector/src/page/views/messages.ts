import type { InspectorRecord } from '../../records/record.js';

/** What is drawn as an arrow. */
export function isMessage(record: InspectorRecord): boolean {
  return record.kind === 'queued' || record.kind === 'sent' || record.kind === 'job' || record.kind === 'dropped';
}

/** Who sent it; empty for the outside, or if it is not known. */
export function senderOf(record: InspectorRecord): string {
  return ('sender' in record && record.sender) || '';
}
