import type { Files, PositionedFiles } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import type { DockerEngine } from './docker-engine.js';
import type { LogPiece } from './log-frames.js';
import { LogFrames } from './log-frames.js';

/** The files a container's output is gathered in. */
export interface LogTargets {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Copies what a container wrote from the engine's log into its sandbox; with `follow`, until it has ended.
 *
 * Every byte has its place, counted from the beginning of its stream, and what the files hold already is passed
 * over. So a copy that is begun again, or done twice at once (by a command that stayed with the container, and by the
 * agent that owns the store meanwhile), makes the same files.
 */
export function copyLog(
  engine: Pick<DockerEngine, 'logs'>,
  files: Pick<Files, 'status'> & PositionedFiles,
  engineId: string,
  targets: LogTargets,
  follow: boolean,
): Future<void> {
  const frames = new LogFrames();
  const seen = { stdout: 0, stderr: 0 };
  const held = { stdout: 0, stderr: 0 };

  const put = (piece: LogPiece): Future<void> | undefined => {
    const position = seen[piece.stream];
    seen[piece.stream] += piece.bytes.length;
    const known = Math.min(piece.bytes.length, Math.max(0, held[piece.stream] - position));
    if (known === piece.bytes.length) return undefined;
    return files.writeAt(targets[piece.stream], piece.bytes.subarray(known), position + known);
  };
  const onChunk = (chunk: Uint8Array): Future<void> =>
    frames
      .push(chunk)
      .reduce<Future<void>>((before, piece) => before.then(() => put(piece)), Future.ready(undefined));

  return files
    .status(targets.stdout)
    .then((stdout) =>
      files.status(targets.stderr).then((stderr) => {
        held.stdout = stdout?.sizeBytes ?? 0;
        held.stderr = stderr?.sizeBytes ?? 0;
      }),
    )
    .then(() => engine.logs(engineId, follow, onChunk));
}
