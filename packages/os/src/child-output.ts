import type { Readable } from 'node:stream';
import { fileError } from './file-error.js';
import type { RunResult } from './ports/subprocess.js';
import type { StartedChild } from './started-child.js';

export interface OutputOptions {
  readonly argv: readonly string[];
  readonly input?: string;
  readonly maxOutputBytes?: number;
  readonly timeoutMs?: number;
}

/**
 * Waits for the child's end and answers what it printed, the first `maxOutputBytes` of each stream.
 *
 * A grandchild may hold the pipes open for as long as it lives (a container that its runtime has just
 * started), so after the child's exit the rest of its output is waited for no longer than a second.
 */
export async function collectOutput(child: StartedChild, options: OutputOptions): Promise<RunResult> {
  const { process, status } = child;
  const { maxOutputBytes = 1024 ** 2, timeoutMs } = options;
  let timedOut = false;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          process.kill('SIGKILL');
        }, timeoutMs);

  const stdout = firstBytes(process.stdout, maxOutputBytes);
  const stderr = firstBytes(process.stderr, maxOutputBytes);
  const closed = new Promise<void>((close) => process.once('close', () => close()));
  // Who does not read its input closes the pipe: that is its right, and no failure.
  process.stdin?.on('error', () => undefined).end(options.input);

  const exit = await status.future;
  clearTimeout(timer);
  await closedOrLate(closed, () => [process.stdout, process.stderr].forEach((stream) => stream?.destroy()));
  if (timedOut)
    throw fileError('ETIMEDOUT', 'run', options.argv[0] ?? '', `still running after ${timeoutMs} ms`);
  return { status: exit, stdout: stdout(), stderr: stderr() };
}

/** Reads the stream to its end, so that the writer never waits, and keeps the beginning. */
function firstBytes(stream: Readable | null, maxBytes: number): () => string {
  const chunks: Buffer[] = [];
  let kept = 0;
  stream?.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, maxBytes - kept);
    kept += part.length;
    if (part.length > 0) chunks.push(part);
  });
  return () => Buffer.concat(chunks).toString();
}

async function closedOrLate(closed: Promise<void>, giveUp: () => void): Promise<void> {
  const timer = setTimeout(giveUp, LATE_MS);
  await closed;
  clearTimeout(timer);
}

const LATE_MS = 1000;
