import type { Paint, TerminalStream } from './paint.js';

const clearLine = '\r\u001b[K';
const frameMs = 40;

/**
 * One line that is drawn over itself, on terminals only. At most 25 frames a second, so that a fast download
 * does not spend its time on drawing; the last state is always the one left on the screen by `finish`.
 */
export class ProgressBar {
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly stream: TerminalStream,
    private readonly paint: Paint,
    private readonly nowMs: () => number = Date.now,
  ) {}

  update(label: string, fraction: number, note: string): void {
    if (this.stream.isTTY !== true || this.nowMs() - this.#drawnAtMs < frameMs) return;
    this.#drawnAtMs = this.nowMs();
    this.stream.write(clearLine + barLine(label, fraction, note, this.stream.columns ?? 80, this.paint));
  }

  /** Removes the bar; `line`, if any, stays in its place (also where there is no terminal). */
  finish(line?: string): void {
    if (this.stream.isTTY === true) this.stream.write(clearLine);
    if (line !== undefined) this.stream.write(`${line}\n`);
    this.#drawnAtMs = Number.NEGATIVE_INFINITY;
  }
}

/** One line never wider than the terminal: a wrapped line cannot be drawn over. */
export function barLine(
  label: string,
  fraction: number,
  note: string,
  columns: number,
  paint: Paint,
): string {
  const width = Math.max(0, Math.min(30, columns - label.length - note.length - 7));
  const full = Math.round(width * Math.min(1, Math.max(0, fraction)));
  const bar =
    width < 5 ? '' : `${paint('cyan', '━'.repeat(full))}${paint('gray', '─'.repeat(width - full))}  `;
  const room = columns - (width < 5 ? 0 : width + 2) - 3;
  const text = `${label}  `.slice(0, Math.max(0, room));
  return `  ${text}${bar}${note.slice(0, Math.max(0, room - text.length))}`;
}
