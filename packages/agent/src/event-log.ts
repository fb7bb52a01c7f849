import { Observable } from 'rxjs/internal/Observable';
import { Subject } from 'rxjs/internal/Subject';
import type { AgentEvent, UndatedAgentEvent } from './agent-event.js';

/** An event as somebody who may lose the connection takes it. */
export interface NumberedEvent {
  /** Names the event among all of this root: the next life of the agent uses none of them again. */
  readonly id: string;
  readonly event: AgentEvent;
}

/** Said before events after a gap: what was in between is no longer known. */
export interface MissedEvents {
  readonly missed: true;
}

const capacity = 1024;

/** Tells what happened to whoever listens, with the time of day, and remembers the last 1,024 events. */
export class EventLog {
  readonly #subject = new Subject<NumberedEvent>();
  readonly #life = Date.now().toString(36);
  readonly #kept: NumberedEvent[] = [];
  #told = 0;
  #closed = false;

  /** From now on: who subscribes late has missed what was before. */
  readonly events: Observable<AgentEvent> = new Observable((subscriber) =>
    this.#subject.subscribe({
      next: ({ event }) => subscriber.next(event),
      complete: () => subscriber.complete(),
    }),
  );

  /**
   * What happened after the event `id`, as far as it is remembered, then what happens. Without `id`, or with the newest
   * one, only what happens.
   */
  after(id?: string): Observable<NumberedEvent | MissedEvents> {
    return new Observable((subscriber) => {
      if (id !== undefined) for (const each of this.#since(id)) subscriber.next(each);
      if (this.#closed) subscriber.complete();
      else return this.#subject.subscribe(subscriber);
    });
  }

  tell(undated: UndatedAgentEvent): void {
    if (this.#closed) return;
    const event = { at: new Date().toISOString(), ...undated } as AgentEvent;
    this.#told += 1;
    const numbered = { id: `${this.#life}-${this.#told}`, event };
    this.#kept.push(numbered);
    if (this.#kept.length > capacity) this.#kept.shift();
    this.#subject.next(numbered);
  }

  close(last: UndatedAgentEvent): void {
    this.tell(last);
    this.#closed = true;
    this.#subject.complete();
  }

  #since(id: string): readonly (NumberedEvent | MissedEvents)[] {
    const at = this.#kept.findIndex((each) => each.id === id);
    return at >= 0 ? this.#kept.slice(at + 1) : [{ missed: true }, ...this.#kept];
  }
}
