import type { FailureDocument } from './failure.js';
import { describeFailure, failureLine } from './failure.js';
import type { Paint, TerminalStream } from './terminal/paint.js';
import { paintFor } from './terminal/paint.js';

export interface OutputStreams {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Where a command's words go. Without `--json` its result is text on stdout. With it stdout carries one JSON
 * document and nothing else; text for people moves to stderr.
 */
export class Output {
  readonly paint: Paint;
  /** The stream people read: progress bars belong here. */
  readonly people: TerminalStream;

  constructor(
    readonly streams: OutputStreams,
    readonly json: boolean,
    readonly quiet: boolean,
  ) {
    this.people = json ? streams.stderr : streams.stdout;
    this.paint = this.paintFor(this.people);
  }

  paintFor(stream: TerminalStream): Paint {
    return paintFor(stream, this.streams.environment);
  }

  /** The result: `document` for scripts, `lines` for people. */
  result(document: unknown, lines: () => readonly string[]): void {
    if (this.json) this.streams.stdout.write(`${JSON.stringify(document)}\n`);
    else for (const line of lines()) this.streams.stdout.write(`${line}\n`);
  }

  /** Something worth saying on the way; `--quiet` drops it. */
  notice(line: string): void {
    if (!this.quiet) this.streams.stderr.write(`${line}\n`);
  }

  /** A failure that ends the command: its line, and its document where scripts listen. */
  failure(error: unknown): void {
    const failure = describeFailure(error);
    if (this.json) this.streams.stdout.write(`${JSON.stringify({ error: failure })}\n`);
    this.failureLine(failure);
  }

  /** The line alone, for a failure whose document has been written as part of the result. */
  failureLine(failure: Pick<FailureDocument, 'code' | 'message'>): void {
    this.streams.stderr.write(`${failureLine(failure)}\n`);
  }
}
