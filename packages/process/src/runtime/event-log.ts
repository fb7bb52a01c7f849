import type { Cell } from './cell.js';
import { EventTrace } from './event-trace.js';
import type { TracedEvent } from './event-trace.js';
import { labelOf } from './events.js';

const REMEMBERED = 1024;
const MASK = REMEMBERED - 1;
const LONGEST_TRACE = 32;

/**
 * The last events served, so that a failure can say which led to it. A ring of plain columns: remembering an event is
 * four stores, and nothing else about traces costs anything until something fails.
 */
export class EventLog {
  readonly #ids = new Float64Array(REMEMBERED);
  readonly #causes = new Float64Array(REMEMBERED);
  readonly #cells: (Cell | undefined)[] = Array.from({ length: REMEMBERED });
  readonly #whats: unknown[] = Array.from({ length: REMEMBERED });

  /** @param what  a method name, a function or an event; never a future, which would stay alive with its value */
  record(id: number, cause: number, cell: Cell, what: unknown): void {
    const at = id & MASK;
    this.#ids[at] = id;
    this.#causes[at] = cause;
    this.#cells[at] = cell;
    this.#whats[at] = what;
  }

  /** The event and its causes, the latest first, as far as they are remembered. */
  trace(id: number): EventTrace | undefined {
    const events: TracedEvent[] = [];
    let at = id & MASK;
    while (id !== 0 && this.#ids[at] === id && events.length < LONGEST_TRACE) {
      const cause = this.#causes[at]!;
      events.push({ id, cause, process: this.#cells[at]!.id, label: labelOf(this.#whats[at]) });
      id = cause;
      at = id & MASK;
    }
    return events.length === 0 ? undefined : new EventTrace(events, id !== 0);
  }
}
