import { DisposedError } from '../errors.js';
import { futureOf } from '../future/as-future.js';
import { DISCARDED, DISCARD_REQUESTED, STATE } from '../future/future-core.js';
import type { FutureCore, Watcher } from '../future/future-core.js';
import { linkUpstream, requestDiscard } from '../future/discard-request.js';
import { Future } from '../future/future.js';
import type { Answer } from '../future/future.js';
import { abandon, settle, watch } from '../future/settlement.js';
import { Fifo } from './fifo.js';

/**
 * Runs asynchronous work one piece at a time, in the order it was added: the next begins when the future of
 * the one before is complete in any way, or abandoned. Mirrors libprocess `Sequence`.
 *
 * Discarding the future of a piece that has not begun makes it be skipped when its turn comes; of one that
 * has, asks it.
 *
 * @example
 * const writes = new Sequence();
 * writes.add(() => files.appendDurably(path, record));
 */
export class Sequence {
  readonly #waiting = new Fifo<Piece>();
  #running: Piece | undefined;
  #draining = false;
  #disposed = false;

  /**
   * Adds a piece of work; it begins at once if nothing else runs. What it throws fails its own future alone.
   */
  add<R>(f: () => Answer<R>): Future<R> {
    if (this.#disposed) return Future.failed(new DisposedError('Cannot add to a sequence: it was disposed'));
    const result = Future.pending<R>();
    this.#waiting.add(new Piece(f, result, () => this.#next()));
    this.#drain();
    return result;
  }

  /** Asks the piece that runs to give up; those that wait become DISCARDED once it has ended. */
  dispose(): void {
    this.#disposed = true;
    for (const { result } of this.#waiting) requestDiscard(result);
    if (this.#running) requestDiscard(this.#running.result);
  }

  #next(): void {
    this.#running = undefined;
    this.#drain();
  }

  /** A loop, because pieces may be complete when they return, a hundred thousand in a row. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    while (!this.#running && this.#waiting.size > 0) {
      this.#running = this.#waiting.shift()!;
      this.#running.start();
    }
    this.#draining = false;
  }
}

/** One piece of work, and whom to tell that it is over. */
class Piece implements Watcher {
  #over = false;

  constructor(
    private readonly f: () => unknown,
    readonly result: FutureCore<unknown>,
    private readonly ended: () => void,
  ) {}

  start(): void {
    if (this.result.bits & DISCARD_REQUESTED) {
      settle(this.result, DISCARDED, undefined);
      this.#end();
      return;
    }
    const work = futureOf(this.f);
    linkUpstream(this.result, work);
    watch(work, this);
  }

  settled(work: FutureCore<unknown>): void {
    settle(this.result, work.bits & STATE, work.value);
    this.#end();
  }

  /**
   * A piece that nobody can complete must not hold up the others for ever. It may still complete, after its
   * turn.
   */
  abandoned(): void {
    abandon(this.result);
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.ended();
  }
}
