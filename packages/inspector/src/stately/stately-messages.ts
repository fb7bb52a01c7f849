import { PROCESS_MACHINE } from '../records/known-machines.js';
import type { ActorEntry } from '../records/actor-table.js';
import { ActorTable } from '../records/actor-table.js';
import type { InspectorRecord } from '../records/record.js';

/** The version of `@statelyai/inspect` whose protocol is spoken; it has no number of its own. */
const VERSION = '0.7.2';

/** A message as `@statelyai/inspect` defines it. `id` is null there too. */
export interface StatelyMessage {
  readonly type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot';
  readonly sessionId: string;
  readonly rootId: string;
  /** Milliseconds, as a text. */
  readonly createdAt: string;
  readonly id: null;
  readonly _version: string;
  readonly name?: string;
  readonly parentId?: string;
  /** JSON of a machine's configuration. */
  readonly definition?: string;
  readonly event?: { readonly type: string };
  readonly sourceId?: string;
  readonly snapshot?: object;
}

/**
 * Turns records into the messages that the inspector of Stately understands: every process and every machine is an
 * actor there. One per viewer, fed from the beginning: a viewer that does not know an actor ignores what follows.
 *
 * Messages are made at once and in order, so that an actor is announced with the snapshot it had then.
 */
export class StatelyMessages {
  readonly #table = new ActorTable();
  readonly #roots = new Map<string, string>();
  readonly #senders = new Map<number, string>();

  /**
   * @param originMs  answers when the clock of the records stood at 0, in milliseconds since 1970
   * @param prefix    put before every id, so that several programs may share a viewer
   */
  constructor(
    private readonly originMs: () => number = () => 0,
    private readonly prefix = '',
  ) {}

  convert(record: InspectorRecord): readonly StatelyMessage[] {
    const before = this.#table.actors.get(record.process);
    this.#table.apply(record);
    const entry = this.#table.actors.get(record.process);
    switch (record.kind) {
      case 'spawned':
      case 'actor':
        return entry ? [this.#actor(entry, record.atMs)] : [];
      case 'queued':
        if (record.sender !== undefined) this.#remember(record.id, record.sender);
        return [];
      case 'begun':
        return entry ? this.#event(entry, record, record.label, this.#senders.get(record.id)) : [];
      case 'ended':
      case 'settled':
        this.#senders.delete(record.id);
        return entry ? [this.#snapshot(entry, record.atMs, `${record.label}.${record.outcome}`)] : [];
      case 'sent':
        return entry ? this.#event(entry, record, record.label, record.sender) : [];
      case 'machine':
        return entry ? [this.#snapshot(entry, record.atMs, record.event)] : [];
      case 'exited': {
        const gone = entry ?? before;
        this.#roots.delete(record.process);
        return gone ? [this.#snapshot(gone, record.atMs, 'exited', record.reason ? 'error' : 'done')] : [];
      }
      default:
        return [];
    }
  }

  /** The ends of actors that those told of in `records` do not count among them any more. */
  endOthers(records: readonly InspectorRecord[]): readonly InspectorRecord[] {
    const alive = new Set(records.map(({ process }) => process));
    const atMs = records.at(-1)?.atMs ?? 0;
    const gone = [...this.#table.actors.keys()].filter((id) => !alive.has(id));
    return gone.map((process) => ({ kind: 'exited', atMs, process }));
  }

  #actor(entry: ActorEntry, atMs: number): StatelyMessage {
    const { id, name, parent, machine } = entry;
    this.#roots.set(id, parent === undefined ? id : (this.#roots.get(parent) ?? parent));
    const definition = this.#table.definitions.get(machine) ?? { id: name };
    return {
      ...this.#about('@xstate.actor', id, atMs),
      name: machine === PROCESS_MACHINE ? id : name,
      ...(parent !== undefined && { parentId: this.prefix + parent }),
      definition: JSON.stringify(definition),
      snapshot: snapshotOf(entry, 'active'),
    };
  }

  #event(entry: ActorEntry, { atMs }: InspectorRecord, type: string, sender: string | undefined): StatelyMessage[] {
    const source = sender === undefined ? {} : { sourceId: this.prefix + sender };
    const message = { ...this.#about('@xstate.event', entry.id, atMs), event: { type }, ...source } as const;
    // The snapshot of a state machine comes as a record of its own.
    return entry.type === 'process' ? [message, this.#snapshot(entry, atMs, type)] : [message];
  }

  #snapshot(entry: ActorEntry, atMs: number, type: string, status = 'active'): StatelyMessage {
    return {
      ...this.#about('@xstate.snapshot', entry.id, atMs),
      event: { type },
      snapshot: snapshotOf(entry, status),
    };
  }

  #about<T extends StatelyMessage['type']>(type: T, id: string, atMs: number) {
    const sessionId = this.prefix + id;
    const rootId = this.prefix + (this.#roots.get(id) ?? id);
    const createdAt = String(Math.round(this.originMs() + atMs));
    return { type, sessionId, rootId, createdAt, id: null, _version: VERSION } as const;
  }

  #remember(id: number, sender: string): void {
    this.#senders.set(id, sender);
    if (this.#senders.size <= 10_000) return;
    const [oldest] = this.#senders.keys();
    if (oldest !== undefined) this.#senders.delete(oldest);
  }
}

function snapshotOf({ state, context, reason, type, depth, served }: ActorEntry, status: string): object {
  const shown = type === 'process' ? { waiting: depth, served } : (context ?? {});
  const failure = reason && { error: reason };
  return { status, value: state, context: shown, children: {}, historyValue: {}, tags: [], ...failure };
}
