import type { IncomingMessage } from 'node:http';
import { HttpFailure } from './http-failure.js';

const maxBodyBytes = 1024 * 1024;

/**
 * Reads a whole body of JSON, of at most 1 MiB.
 *
 * @throws HttpFailure 400 it has no type or is no JSON, 413 it is larger, 415 it is of another type
 */
export async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'];
  if (type === undefined) throw new HttpFailure(400, "Expecting 'Content-Type' to be present");
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') {
    throw new HttpFailure(415, "Expecting 'Content-Type' of application/json");
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBodyBytes) {
      throw new HttpFailure(413, `The body is larger than ${maxBodyBytes} bytes`, { connection: 'close' });
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new HttpFailure(400, `Failed to parse body into JSON: ${(error as Error).message}`);
  }
}
