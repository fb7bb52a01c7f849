import type { IncomingMessage } from 'node:http';
import { HttpFailure } from './http-failure.js';

/**
 * Reads a whole body of JSON.
 *
 * @throws HttpFailure 400 it has no type or is no JSON, 413 it is larger than `maxBytes`, 415 it is of another type
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = request.headers['content-type'];
  if (type === undefined) throw new HttpFailure(400, "Expecting 'Content-Type' to be present");
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') {
    throw new HttpFailure(415, "Expecting 'Content-Type' of application/json");
  }
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new HttpFailure(415, "Expecting no 'Content-Encoding'");
  }
  const tooLarge = (): HttpFailure =>
    new HttpFailure(413, `The body is larger than ${maxBytes} bytes`, { connection: 'close' });
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (error) {
    throw new HttpFailure(400, `Failed to parse body into JSON: ${whereOf(error as Error)}`);
  }
}

/** The engine's own words quote the text, which may hold a secret. */
function whereOf({ message, name }: Error): string {
  if (name !== 'SyntaxError') return 'it is not UTF-8';
  return ['it is no JSON', ...(/at position \d+/.exec(message) ?? [])].join(' ');
}
