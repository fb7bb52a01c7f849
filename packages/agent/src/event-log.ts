import type { Observable } from 'rxjs';
import { Subject } from 'rxjs/internal/Subject';
import type { AgentEvent, UndatedAgentEvent } from './agent-event.js';

/**
 * Tells what happened to whoever listens, with the time of day. Who subscribes late has missed what was
 * before.
 */
export class EventLog {
  readonly #subject = new Subject<AgentEvent>();

  get events(): Observable<AgentEvent> {
    return this.#subject.asObservable();
  }

  tell(event: UndatedAgentEvent): void {
    this.#subject.next({ at: new Date().toISOString(), ...event } as AgentEvent);
  }

  close(last: UndatedAgentEvent): void {
    this.tell(last);
    this.#subject.complete();
  }
}
