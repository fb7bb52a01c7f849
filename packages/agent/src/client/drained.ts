import type { Writable } from 'node:stream';

/** Settles when the reader has taken most of what was written to a stream, or is gone. */
export function drained(stream: Writable): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ends) stream.off(event, done);
      resolve();
    };
    for (const event of ends) stream.on(event, done);
  });
}

const ends = ['drain', 'error', 'close'] as const;
