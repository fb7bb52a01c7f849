import { inBackground } from '../host.js';

/** Slots of one event: what, its arguments, its id, the id of its cause. */
export const SLOTS = 4;

/** A mailbox begins with room for a few events, because a million processes may hold one each. */
const FEW = 4 * SLOTS;
const MANY = 128 * SLOTS;
/** For long backlogs: so large that the host's collector never copies it. */
const HUGE = 8192 * SLOTS;
/**
 * Spare chunks kept: 4 MiB of each size, and 32 MiB for a while after a long backlog, in case it comes again.
 */
const MOST_MANY = 1024;
const FEW_HUGE = 16;
const MOST_HUGE = 128;
const A_WHILE_MS = 10_000;
/** Mailboxes that stay with processes that are idle, and as many without one. */
const KEPT = 256;

/** Events side by side. */
class Chunk {
  readonly slots: unknown[];
  /** The chunk that was filled after this one, or the next spare one. */
  next: Chunk | undefined = undefined;

  constructor(slots: number) {
    // eslint-disable-next-line unicorn/no-new-array -- each slot is written before it is read: no need to fill
    this.slots = new Array<unknown>(slots);
  }
}

/** Empty chunks of one size. */
class SpareChunks {
  size = 0;
  #first: Chunk | undefined;

  constructor(
    private readonly slots: number,
    private readonly most: number,
  ) {}

  take(): Chunk {
    const chunk = this.#first;
    if (chunk === undefined) return new Chunk(this.slots);
    this.#first = chunk.next;
    chunk.next = undefined;
    this.size -= 1;
    return chunk;
  }

  give(chunk: Chunk): void {
    if (this.size >= this.most) return;
    chunk.next = this.#first;
    this.#first = chunk;
    this.size += 1;
  }

  trim(size: number): void {
    while (this.size > size) this.take();
  }
}

/**
 * Empty mailboxes and chunks, for those who need one next: idle processes have none, and a steady flood
 * allocates nothing. One per runtime.
 */
export class MailboxPool {
  #mailbox: Mailbox | undefined;
  #mailboxes = 0;
  readonly #many = new SpareChunks(MANY, MOST_MANY);
  readonly #huge = new SpareChunks(HUGE, MOST_HUGE);
  #trimming = false;
  /** Mailboxes that are with processes. */
  #lent = 0;

  /** So few are with processes that whoever has one may keep it, and need not come back for the next event. */
  get hasPlenty(): boolean {
    return this.#lent <= KEPT;
  }

  take(): Mailbox {
    this.#lent += 1;
    const mailbox = this.#mailbox;
    if (mailbox === undefined) return new Mailbox(this);
    this.#mailbox = mailbox.spare;
    this.#mailboxes -= 1;
    return mailbox;
  }

  give(mailbox: Mailbox): void {
    this.#lent -= 1;
    if (this.#mailboxes >= KEPT) return;
    mailbox.spare = this.#mailbox;
    this.#mailbox = mailbox;
    this.#mailboxes += 1;
  }

  /** A chunk for a mailbox in which `size` events wait already. */
  takeChunk(size: number): Chunk {
    return size < HUGE / SLOTS ? this.#many.take() : this.#huge.take();
  }

  giveChunk(chunk: Chunk): void {
    const { length } = chunk.slots;
    if (length === MANY) this.#many.give(chunk);
    else if (length === HUGE) this.#giveHuge(chunk);
  }

  #giveHuge(chunk: Chunk): void {
    this.#huge.give(chunk);
    if (this.#huge.size <= FEW_HUGE || this.#trimming) return;
    this.#trimming = true;
    inBackground(A_WHILE_MS, () => {
      this.#trimming = false;
      this.#huge.trim(FEW_HUGE);
    });
  }
}

/**
 * One FIFO for all events of a process. Events lie flat in chunks, so queueing one allocates nothing; the
 * reader looks at `slots[at]` to `slots[at + 3]` itself and then calls `advance`, so taking one allocates
 * nothing either.
 */
export class Mailbox {
  /** Events waiting. */
  size = 0;
  /** Where the next event lies. */
  slots: unknown[];
  at = 0;
  /** The next mailbox nobody uses. */
  spare: Mailbox | undefined = undefined;
  #first = new Chunk(FEW);
  #last = this.#first;
  #end = 0;

  constructor(private readonly pool: MailboxPool) {
    this.slots = this.#first.slots;
  }

  push(what: unknown, args: unknown, id: number, cause: number): void {
    let { slots } = this.#last;
    let end = this.#end;
    if (end === slots.length) {
      slots = this.#grow();
      end = 0;
    }
    slots[end] = what;
    slots[end + 1] = args;
    slots[end + 2] = id;
    slots[end + 3] = cause;
    this.#end = end + SLOTS;
    this.size += 1;
  }

  /** Forgets the event at the head. */
  advance(): void {
    const { slots, at } = this;
    slots[at] = undefined;
    slots[at + 1] = undefined;
    const size = (this.size -= 1);
    if (size === 0) {
      // Start over: a process with one event at a time never leaves its first cache lines.
      this.at = this.#end = 0;
    } else if (at + SLOTS === slots.length) {
      this.#leave();
    } else {
      this.at = at + SLOTS;
    }
  }

  /** The events waiting, oldest first, for those who look from outside. */
  *events(): Generator<{ what: unknown; args: unknown; id: number; cause: number }> {
    let chunk = this.#first;
    let { at } = this;
    for (let left = this.size; left > 0; left -= 1) {
      if (at === chunk.slots.length) {
        chunk = chunk.next!;
        at = 0;
      }
      const { slots } = chunk;
      yield { what: slots[at], args: slots[at + 1], id: slots[at + 2] as number, cause: slots[at + 3] as number };
      at += SLOTS;
    }
  }

  #grow(): unknown[] {
    const next = this.pool.takeChunk(this.size);
    this.#last.next = next;
    this.#last = next;
    return next.slots;
  }

  #leave(): void {
    const left = this.#first;
    this.#first = left.next!;
    left.next = undefined;
    this.pool.giveChunk(left);
    this.slots = this.#first.slots;
    this.at = 0;
  }
}
