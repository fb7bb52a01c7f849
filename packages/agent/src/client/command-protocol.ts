import { isUtf8 } from 'node:buffer';
import type { InputPlace } from '@keelson/os';

/**
 * What carries a command to an agent: `POST /cli/v1` with a {@link CommandRequest}, answered by one
 * {@link CommandLine} in JSON a line, the last of which is its exit. A {@link SignalRequest} at the same
 * place reaches a command that told that it listens.
 */
export interface CommandRequest {
  /** Without the name of the program. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly workingDirectory: string;
  /** Only what the command needs to know of its caller's. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdout: StreamKind;
  readonly stderr: StreamKind;
  /** Where a container that the command runs finds its input; missing where there is none. */
  readonly stdin?: InputPlace;
}

/** What a program asks of a stream before it draws on it. */
export interface StreamKind {
  readonly isTTY: boolean;
  readonly columns?: number;
}

export interface SignalRequest {
  /** The name that the command told with `signals`. */
  readonly to: string;
  readonly signal: string;
}

export type CommandLine =
  | { readonly stdout: Chunk }
  | { readonly stderr: Chunk }
  /** From here on the command takes signals under this name; with `null` no longer. */
  | { readonly signals: string | null }
  | { readonly exit: number };

/** Text, or bytes that are none. */
export type Chunk = string | { readonly base64: string };

export function encodeChunk(chunk: string | Uint8Array): Chunk {
  if (typeof chunk === 'string') return chunk;
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') };
}

export function decodeChunk(chunk: Chunk): string | Uint8Array {
  return typeof chunk === 'string' ? chunk : Buffer.from(chunk.base64, 'base64');
}

/** What came as a body, if it is a request of either kind. */
export function parseCommandBody(body: unknown): CommandRequest | SignalRequest | undefined {
  const { argv, workingDirectory, environment, stdin, stdout, stderr, to, signal } = fieldsOf(body);
  if (typeof to === 'string' && typeof signal === 'string') return { to, signal };
  const wellFormed =
    Array.isArray(argv) &&
    argv.every((word) => typeof word === 'string') &&
    typeof workingDirectory === 'string' &&
    workingDirectory.startsWith('/');
  if (!wellFormed) return undefined;
  const texts = Object.entries(fieldsOf(environment)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const input = inputPlace(stdin);
  return {
    argv: argv as string[],
    workingDirectory,
    environment: Object.fromEntries(texts),
    stdout: streamKind(stdout),
    stderr: streamKind(stderr),
    ...(input && { stdin: input }),
  };
}

function inputPlace(value: unknown): InputPlace | undefined {
  const { pid, device, inode } = fieldsOf(value);
  if (![pid, device, inode].every(Number.isSafeInteger) || (pid as number) <= 0) return undefined;
  return { pid: pid as number, device: device as number, inode: inode as number };
}

function streamKind(value: unknown): StreamKind {
  const { isTTY, columns } = fieldsOf(value);
  return { isTTY: isTTY === true, ...(typeof columns === 'number' && { columns }) };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
