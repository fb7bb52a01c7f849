import type { ServerResponse } from 'node:http';
import { HttpFailure } from './http-failure.js';

/** Counts the answers that go on until somebody ends them: events, and output that is followed. */
export class OpenStreams {
  #open = 0;

  constructor(private readonly most: number) {}

  /** Counts `response` as a stream until it is closed. @throws HttpFailure 503 */
  enter(response: ServerResponse): void {
    if (this.#open >= this.most) {
      const message = `There are ${this.#open} streams of events and output already`;
      throw new HttpFailure(503, message, { 'retry-after': '5' });
    }
    this.#open += 1;
    response.once('close', () => (this.#open -= 1));
  }
}
