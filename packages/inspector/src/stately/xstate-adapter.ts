import type { AnyActorRef, InspectionEvent } from 'xstate';
import type { Sanitize } from '../records/from-trace.js';
import type { Plain, PlainObject, StateValue } from '../records/plain.js';
import type { InspectorRecord } from '../records/record.js';
import { sanitizeText } from '../records/sanitize.js';

/** What the adapter needs of its recorder. */
export interface RecordSink {
  now(): number;
  readonly cause: number;
  readonly sanitize: Sanitize;
  add(record: InspectorRecord): void;
}

/** Where an actor hangs that has no parent of its own, by its id. */
export type ParentOf = (id: string) => string | undefined;

/** What a machine's logic and snapshots have, whatever their type says. */
interface MachineLike {
  readonly config?: { readonly id?: unknown };
}
interface SnapshotLike {
  readonly status: string;
  readonly value?: StateValue;
  readonly context?: unknown;
  readonly error?: unknown;
}

/**
 * Turns what XState tells its inspectors into records. The one place that knows XState's inspection events: version 6
 * is announced to tell other ones.
 *
 * What XState counts per program (`x:0`, `x:1`, …) gets a prefix, since two programs may be looked at side by side.
 */
export class XStateAdapter {
  readonly #machines = new WeakMap<object, string>();
  readonly #keys = new Set<string>();
  readonly #known = new WeakSet<AnyActorRef>();
  readonly #ended = new WeakSet<AnyActorRef>();

  constructor(
    private readonly sink: RecordSink,
    private readonly prefix = 'xstate',
    private readonly parentOf: ParentOf = () => undefined,
  ) {}

  readonly inspect = (event: InspectionEvent): void => {
    // Their type says less than what they are.
    const actor = event.actorRef as AnyActorRef;
    // An actor is told when something happens to it first: while it is made its snapshot cannot be read, and one that
    // is never started is nothing to look at.
    if (event.type !== '@xstate.event' && event.type !== '@xstate.snapshot') return;
    if (!this.#known.has(actor)) this.#met(actor);
    if (event.type === '@xstate.event') this.#sent(actor, event.event, event.sourceRef as AnyActorRef | undefined);
    else this.#stepped(actor, event.event, event.snapshot);
  };

  #met(actor: AnyActorRef): void {
    const { sink } = this;
    this.#known.add(actor);
    const machine = this.#machineOf(actor);
    const parent = actor._parent ? this.#idOf(actor._parent) : this.parentOf(actor.id);
    const { value, context, status } = actor.getSnapshot() as SnapshotLike;
    const known = {
      ...(parent !== undefined && { parent }),
      ...(machine !== undefined && { machine }),
      state: value ?? status,
      ...(context !== undefined && { context: sink.sanitize(context) }),
    };
    const name = sanitizeText(actor.id, 120);
    sink.add({ kind: 'actor', atMs: sink.now(), process: this.#idOf(actor), name, ...known });
  }

  #sent(actor: AnyActorRef, event: { readonly type: string }, source: AnyActorRef | undefined): void {
    if (event.type === 'xstate.init') return;
    const { sink } = this;
    const sender = source && { sender: this.#idOf(source) };
    const label = sanitizeText(event.type, 120);
    sink.add({ kind: 'sent', atMs: sink.now(), process: this.#idOf(actor), label, ...sender });
  }

  #stepped(actor: AnyActorRef, event: { readonly type: string }, snapshot: unknown): void {
    const { sink } = this;
    const { value, status, context, error } = snapshot as SnapshotLike;
    const about = { atMs: sink.now(), process: this.#idOf(actor) };
    const machine = this.#machineOf(actor);
    // The first snapshot says what the actor's own record said already.
    if (machine !== undefined && value !== undefined && event.type !== 'xstate.init') {
      const shown: { context?: Plain } = context === undefined ? {} : { context: sink.sanitize(context) };
      const label = sanitizeText(event.type, 120);
      sink.add({ ...about, kind: 'machine', machine, event: label, cause: sink.cause, state: value, ...shown });
    }
    if (status === 'active' || this.#ended.has(actor)) return;
    this.#ended.add(actor);
    const message = error instanceof Error ? error.message : 'the actor failed';
    const reason = status === 'error' && { reason: { name: 'Error', message: sanitizeText(message) } };
    sink.add({ ...about, kind: 'exited', ...reason });
  }

  #idOf(actor: AnyActorRef): string {
    return `${this.prefix}:${actor.sessionId}`;
  }

  /** The key of the chart an actor follows, which is told when it is met first; other actors have none. */
  #machineOf(actor: AnyActorRef): string | undefined {
    const { logic } = actor as { logic?: MachineLike };
    const { config } = logic ?? {};
    if (!logic || !config) return undefined;
    const known = this.#machines.get(logic);
    if (known !== undefined) return known;
    const name = typeof config.id === 'string' ? config.id : 'machine';
    let key = name;
    for (let n = 2; this.#keys.has(key); n += 1) key = `${name} ${n}`;
    this.#keys.add(key);
    this.#machines.set(logic, key);
    const definition = plainDefinition(config);
    this.sink.add({ kind: 'definition', atMs: this.sink.now(), process: '', machine: key, definition });
    return key;
  }
}

/** The chart alone: functions in it become their names. */
export function plainDefinition(config: object): PlainObject {
  const text = JSON.stringify(config, (key: string, value: unknown) => {
    if (key === 'context' || key === 'input') return undefined;
    return typeof value === 'function' ? { type: value.name || 'inline' } : value;
  });
  return JSON.parse(text) as PlainObject;
}
