import type { Cell } from './cell.js';
import { EventTrace } from './event-trace.js';
import type { TracedEvent } from './event-trace.js';
import { labelOf, NAMELESS } from './events.js';

const REMEMBERED = 512;
const LONGEST_TRACE = 32;
const COLUMNS = 4;
const MASK = REMEMBERED - 1;

/**
 * The last events served, so that a failure can say which led to it. A ring of plain slots: remembering an
 * event is four stores side by side, and nothing else about traces costs anything until something fails.
 */
export class EventLog {
  /** Grows to its full length with use: simulations make runtimes by the thousand, for a dozen events each. */
  readonly #slots: unknown[] = [];

  /**
   * @param what  a method name, a function or an event; never a future, which would stay alive with its value
   */
  record(id: number, cause: number, cell: Cell, what: unknown): void {
    const slots = this.#slots;
    const at = (id & MASK) * COLUMNS;
    if (at >= slots.length) grow(slots, at);
    slots[at] = id;
    slots[at + 1] = cause;
    slots[at + 2] = cell;
    slots[at + 3] = what;
  }

  /**
   * What an event is called. A continuation without a name of its own goes by what it continues: `pull…` for the
   * nearest of its causes that the same process served under a name.
   */
  labelOf(what: unknown, cell: Cell, cause: number): string {
    const label = labelOf(what);
    if (label !== NAMELESS) return label;
    const slots = this.#slots;
    let id = cause;
    for (let steps = 0; id !== 0 && steps < LONGEST_TRACE; steps += 1) {
      const at = (id & MASK) * COLUMNS;
      if (slots[at] !== id) break;
      const named = slots[at + 2] === cell ? labelOf(slots[at + 3]) : NAMELESS;
      if (named !== NAMELESS) return `${named}…`;
      id = slots[at + 1] as number;
    }
    return label;
  }

  /** The event and its causes, the latest first, as far as they are remembered. */
  trace(id: number): EventTrace | undefined {
    const slots = this.#slots;
    const events: TracedEvent[] = [];
    let at = (id & MASK) * COLUMNS;
    while (id !== 0 && slots[at] === id && events.length < LONGEST_TRACE) {
      const cause = slots[at + 1] as number;
      const cell = slots[at + 2] as Cell;
      events.push({ id, cause, process: cell.id, label: this.labelOf(slots[at + 3], cell, cause) });
      id = cause;
      at = (id & MASK) * COLUMNS;
    }
    return events.length === 0 ? undefined : new EventTrace(events, id !== 0);
  }
}

/** Makes room for the event at `at`, without holes. */
function grow(slots: unknown[], at: number): void {
  while (slots.length <= at) for (let n = 0; n < 16 * COLUMNS; n += 1) slots.push(undefined);
}
