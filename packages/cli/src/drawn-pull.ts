import type { PullProgress } from '@keelson/agent';
import type { Output } from './output.js';
import { ProgressBar } from './terminal/progress-bar.js';
import { PullTracker } from './terminal/pull-tracker.js';

/** Does something that may pull `reference`, and draws what is going on where somebody watches. */
export async function drawnPull<T>(
  output: Output,
  reference: string,
  work: (onProgress: (progress: PullProgress) => void) => PromiseLike<T>,
): Promise<T> {
  const stream = output.streams.stderr;
  const bar = new ProgressBar(output.quiet ? { write: () => {} } : stream, output.paintFor(stream));
  const tracker = new PullTracker();
  const draw = (): void => bar.update(reference, tracker.fraction, tracker.note);
  draw();
  try {
    return await work((progress) => {
      tracker.add(progress);
      draw();
    });
  } finally {
    bar.finish();
  }
}
