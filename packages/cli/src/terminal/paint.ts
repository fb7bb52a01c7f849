import { styleText } from 'node:util';

export type Format = Parameters<typeof styleText>[0];
/** Colours a text, or leaves it alone where colours are not wanted. */
export type Paint = (format: Format, text: string) => string;

export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string | Uint8Array): unknown;
  /** Settles when more may be written without gathering in memory. Missing where writing waits by itself. */
  drained?(): Promise<void>;
}

/** Colours only for people: a terminal that is not `dumb`, and no `NO_COLOR` (https://no-color.org). */
export function paintFor(stream: TerminalStream, environment: NodeJS.ProcessEnv): Paint {
  const wanted = stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  // The decision is made here, for the stream that is written to; Node's own looks at another.
  return wanted
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_format, text) => text;
}

/** Control characters but tab and line feed, and what turns the direction of writing round. */
const controls = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Text from outside (a container, a registry) without what could steer the terminal. */
export function printable(text: string): string {
  return text.replace(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
