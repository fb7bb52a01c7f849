import type { ContainerLogs } from '@keelson/agent';
import { readGrowing } from '@keelson/agent';
import type { Session } from './session.js';
import type { TerminalStream } from './terminal/paint.js';

/**
 * Copies what a container wrote to our own streams, byte for byte; with `until`, as it writes and until that
 * is settled. Reads no faster than the reader at the other end.
 */
export async function relayLogs(
  { output: { streams }, caller: { gone } }: Session,
  logs: ContainerLogs,
  until?: PromiseLike<unknown>,
): Promise<void> {
  const copy = async (path: string, stream: TerminalStream): Promise<void> => {
    for await (const chunk of readGrowing(path, gone, until)) {
      stream.write(chunk);
      await stream.drained?.();
    }
  };
  await Promise.all([copy(logs.stdout, streams.stdout), copy(logs.stderr, streams.stderr)]);
}
