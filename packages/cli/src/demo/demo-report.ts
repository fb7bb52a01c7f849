import type { Output } from '../output.js';
import { formatDuration } from '../terminal/bytes.js';
import { printable } from '../terminal/paint.js';

/** One step as scripts read it. A skipped step carries the reason. */
export interface DemoStep {
  readonly name: string;
  readonly status: 'done' | 'skipped' | 'failed';
  readonly message: string;
  readonly elapsedMs: number;
}

/** Told to skip a step: what this machine cannot do, with its code. */
export class Unavailable extends Error {}

/** Shows the demo step by step, and keeps what happened for the JSON document. */
export class DemoReport {
  readonly steps: DemoStep[] = [];

  constructor(private readonly output: Output) {}

  /** Runs one step under its headline. What it answers is the sentence that stays in the record. */
  async step(name: string, headline: string, work: () => Promise<string>): Promise<void> {
    const { paint } = this.output;
    this.line('');
    this.line(`${paint('cyan', '●')} ${paint('bold', headline)}`);
    const startMs = performance.now();
    const record = (status: DemoStep['status'], message: string): void => {
      this.steps.push({ name, status, message, elapsedMs: Math.round(performance.now() - startMs) });
    };
    try {
      const message = await work();
      record('done', message);
      this.line(
        `  ${paint('green', '✓')} ${message} ${paint('gray', formatDuration(performance.now() - startMs))}`,
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      record(error instanceof Unavailable ? 'skipped' : 'failed', message);
      if (!(error instanceof Unavailable)) throw error;
      this.line(`  ${paint('yellow', '–')} ${message}`);
    }
  }

  /** Something a container printed. */
  said(container: string, text: string): void {
    const { paint } = this.output;
    for (const line of text.trimEnd().split('\n')) {
      this.line(`    ${paint('magenta', container.padEnd(8))} ${paint('gray', '│')} ${printable(line)}`);
    }
  }

  detail(text: string): void {
    this.line(`    ${text}`);
  }

  line(text: string): void {
    this.output.people.write(`${text}\n`);
  }
}
