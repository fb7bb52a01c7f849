import type { ServerResponse } from 'node:http';
import type { Recorder } from '../recorder.js';
import { RECORD_VERSION } from '../records/record.js';
import { startFeed } from './record-feed.js';

/** Records in one line: the reader parses a line at once. */
const LINE = 2_000;

/** What a stream says of itself first. */
export interface StreamHello {
  readonly title: string;
  /** When the clock of the records stood at 0, in milliseconds since 1970. */
  readonly originMs: number;
}

/**
 * Answers a request with records, for as long as the client listens. One JSON document a line: `{hello}`, then
 * `{records}`; a line with `lost` begins anew and counts what this client missed. Answers how to end it.
 */
export function streamRecords(recorder: Recorder, hello: StreamHello, response: ServerResponse): () => void {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  const write = (document: unknown): void => void response.write(`${JSON.stringify(document)}\n`);
  const { capacity } = recorder.ring;
  write({ hello: { version: RECORD_VERSION, capacity, ...hello } });
  const stop = startFeed(recorder, {
    ready: () => !response.writableNeedDrain,
    take: (records) => {
      for (let at = 0; at < records.length; at += LINE) write({ records: records.slice(at, at + LINE) });
    },
    reset: (records, lost) => write({ records, lost }),
  });
  const end = (): void => {
    stop();
    response.end();
  };
  response.on('close', stop);
  response.on('error', stop);
  return end;
}
