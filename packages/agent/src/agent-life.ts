import type { KeelsonInspector } from '@keelson/inspector';
import { Deferred, Future, RealClock, Runtime } from '@keelson/process';
import { createAgentInspector } from './agent-inspector.js';
import type { AgentErrorCode } from './agent-error.js';
import { AgentError } from './agent-error.js';
import type { UndatedAgentEvent } from './agent-event.js';
import type { AgentSettings } from './agent-options.js';
import type { AgentState, RecoveryPhase } from './agent-state.js';
import type { EventLog } from './event-log.js';
import type { Machine } from './machine.js';
import { openMachine } from './machine.js';

/**
 * The life of one agent, from nothing over recovery to closed, and the gate every request passes: only an agent that
 * has recovered and still stands serves any.
 *
 *     NEW --start--> RECOVERING --recovered--> RUNNING --an actor is gone--> STOPPED
 *     any --close--> CLOSED
 */
export class AgentLife {
  readonly #clock = new RealClock();
  readonly #failure = new Deferred<Error>();
  readonly runtime = new Runtime({ clock: this.#clock });
  #starting: Future<void> | undefined;
  #closing: Future<void> | undefined;
  #machine: Machine | undefined;
  #stopped: Error | undefined;
  #phase: RecoveryPhase = 'ROOT';

  /** Watches from the first process on. */
  readonly inspector: KeelsonInspector;

  constructor(
    private readonly settings: AgentSettings,
    private readonly events: EventLog,
  ) {
    this.inspector = createAgentInspector(settings.root);
    this.inspector.watch(this.runtime);
  }

  get state(): AgentState {
    if (this.#closing) return 'CLOSED';
    if (this.#stopped) return 'STOPPED';
    if (this.#machine) return 'RUNNING';
    return this.#starting ? 'RECOVERING' : 'NEW';
  }

  /** The reason, once a component has failed in a way that must not go on. */
  get failure(): Future<Error> {
    return this.#failure.future;
  }

  /** What recovery is at; nothing unless it is under way. */
  get recoveryPhase(): RecoveryPhase | undefined {
    return this.state === 'RECOVERING' ? this.#phase : undefined;
  }

  /** Recovers; asked twice it is done once. */
  start(): Future<void> {
    if (this.#closing) return refused('AGENT_CLOSED', 'cannot start: this agent is closed');
    const onStopped = (reason: Error): void => this.#stop(reason);
    const { inspector } = this;
    const onPhase = (phase: RecoveryPhase): void => void (this.#phase = phase);
    const tell = (event: UndatedAgentEvent): void => this.events.tell(event);
    const isGivenUp = (): boolean => this.#closing !== undefined;
    const told = { onStopped, onPhase, tell, isGivenUp, inspector };
    this.#starting ??= openMachine(this.settings, this.runtime, this.#clock, told).then((machine) => {
      this.#machine = machine;
      this.events.tell({ type: 'STARTED', root: machine.root });
    });
    return this.#starting.undiscardable();
  }

  /** @throws AgentError AGENT_NOT_STARTED, AGENT_STOPPED, AGENT_CLOSED */
  served<T>(request: (machine: Machine) => Future<T>): Future<T> {
    const reason = this.#stopped;
    if (this.#closing) return refused('AGENT_CLOSED', 'this agent is closed');
    if (reason) return refused('AGENT_STOPPED', `this agent stopped: ${reason.message}`, { cause: reason });
    if (!this.#machine) return refused('AGENT_NOT_STARTED', 'this agent has not been started, or still recovers');
    return request(this.#machine);
  }

  /** Finishes the sweep, ends the actors and gives the store back; asked twice it is done once. */
  close(): Future<void> {
    this.#closing ??= (this.#starting ?? Future.ready(undefined))
      .repair(() => Future.ready(undefined))
      .then(() => Future.from(this.inspector.close()))
      .then(() => this.#machine?.close() ?? this.runtime.finalize())
      .then(() => this.events.close({ type: 'STOPPED', reason: this.#stopped?.message ?? null }));
    return this.#closing.undiscardable();
  }

  /**
   * One of the actors that hold roots is gone: what it knew is on disk, and the next start reads it again.
   */
  #stop(reason: Error): void {
    if (this.#closing) return;
    this.#stopped ??= reason;
    this.#failure.set(reason);
    this.settings.log({ level: 'error', message: `the agent stops: ${reason.message}` });
  }
}

function refused(code: AgentErrorCode, message: string, options?: ErrorOptions): Future<never> {
  return Future.failed(new AgentError(code, message, options));
}
