/** Slots of one event: what, its arguments, its id, the id of its cause. */
export const SLOTS = 4;

/** Chunks grow: a million processes may hold one event each, and one process may hold a million. */
const FIRST_EVENTS = 4;
const MAX_EVENTS = 256;

/** Events side by side, and in the last element the next chunk. */
type Chunk = unknown[];

/**
 * One FIFO for all events of a process. Events lie flat in chunks, so queueing one allocates nothing; the reader looks at
 * `chunk[at]` to `chunk[at + 3]` itself and then calls `advance`, so taking one allocates nothing either.
 */
export class Mailbox {
  /** Events waiting. */
  size = 0;
  /** Where the next event lies. */
  chunk: Chunk = newChunk(FIRST_EVENTS);
  at = 0;
  #last: Chunk = this.chunk;
  #end = 0;

  push(what: unknown, args: unknown, id: number, cause: number): void {
    let chunk = this.#last;
    let end = this.#end;
    if (end === chunk.length - 1) {
      const next = newChunk(Math.min(MAX_EVENTS, (end / SLOTS) * 4));
      chunk[end] = next;
      this.#last = chunk = next;
      end = 0;
    }
    chunk[end] = what;
    chunk[end + 1] = args;
    chunk[end + 2] = id;
    chunk[end + 3] = cause;
    this.#end = end + SLOTS;
    this.size += 1;
  }

  /** Forgets the event at the head. */
  advance(): void {
    const { chunk, at } = this;
    chunk[at] = undefined;
    chunk[at + 1] = undefined;
    this.size -= 1;
    if (this.size === 0) {
      // Start over: a process with one event at a time never leaves its first cache lines.
      this.chunk = this.#last;
      this.at = this.#end = 0;
    } else if (at + SLOTS === chunk.length - 1) {
      this.chunk = chunk[at + SLOTS] as Chunk;
      this.at = 0;
    } else {
      this.at = at + SLOTS;
    }
  }

  /** The events waiting, oldest first, for those who look from outside. */
  *events(): Generator<{ what: unknown; args: unknown; id: number; cause: number }> {
    let { chunk, at } = this;
    for (let left = this.size; left > 0; left -= 1) {
      if (at === chunk.length - 1) {
        chunk = chunk[at] as Chunk;
        at = 0;
      }
      yield { what: chunk[at], args: chunk[at + 1], id: chunk[at + 2] as number, cause: chunk[at + 3] as number };
      at += SLOTS;
    }
  }
}

function newChunk(events: number): Chunk {
  return Array.from({ length: events * SLOTS + 1 });
}
