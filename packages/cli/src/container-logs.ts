import type { ReadOnlyView } from '@keelson/agent';
import { readGrowing } from '@keelson/agent';
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { relayLogs } from './relay-logs.js';
import type { Session } from './session.js';

const pollMs = 100;
/** What one document holds of each stream: its end. Who wants all of it reads the streams themselves. */
const maxDocumentBytes = 4 * 1024 * 1024;

/** Prints what a container wrote, and with `follow` what it writes until it has ended. */
export async function printLogs(
  session: Session,
  id: string,
  { follow }: { readonly follow: boolean },
): Promise<void> {
  const { readOnlyView } = await import('@keelson/agent');
  const { options, output, caller } = session;
  const view = readOnlyView(options.root);
  const logs = await view.logs(id);
  const until = follow ? ended(view, id, caller.gone) : undefined;
  if (!output.json) {
    await relayLogs(session, logs, until);
  } else if (follow) {
    await Promise.all([
      printLines(session, 'stdout', logs.stdout, until!),
      printLines(session, 'stderr', logs.stderr, until!),
    ]);
  } else {
    const [stdout, stderr] = [await readEnd(logs.stdout), await readEnd(logs.stderr)];
    const omittedBytes = { stdout: stdout.omittedBytes, stderr: stderr.omittedBytes };
    output.result({ containerId: id, stdout: stdout.text, stderr: stderr.text, omittedBytes }, () => []);
  }
}

/** One document a piece, for scripts that follow. */
async function printLines(
  { output: { streams }, caller: { gone } }: Session,
  stream: 'stdout' | 'stderr',
  path: string,
  until: PromiseLike<unknown>,
): Promise<void> {
  const decoder = new StringDecoder('utf8');
  for await (const chunk of readGrowing(path, gone, until)) {
    streams.stdout.write(`${JSON.stringify({ stream, text: decoder.write(Buffer.from(chunk)) })}\n`);
    await streams.stdout.drained?.();
  }
}

async function readEnd(path: string): Promise<{ text: string; omittedBytes: number }> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return { text: '', omittedBytes: 0 };
  try {
    const omittedBytes = Math.max(0, (await handle.stat()).size - maxDocumentBytes);
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(maxDocumentBytes),
      position: omittedBytes,
    });
    return { text: buffer.toString('utf8', 0, bytesRead), omittedBytes };
  } finally {
    await handle.close();
  }
}

/** Settles once nothing runs in the container any more, or it is gone: seen from its files, without the lock. */
async function ended(view: ReadOnlyView, id: string, gone: AbortSignal): Promise<void> {
  while (!gone.aborted) {
    const container = (await view.containers()).find((each) => each.id === id);
    if (!container || container.state === 'EXITED' || container.state === 'PROVISIONED') return;
    await sleep(pollMs);
  }
}
