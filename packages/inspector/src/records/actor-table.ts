import { LEASE_MACHINE, leaseDefinition, PROCESS_MACHINE, processDefinition } from './known-machines.js';
import type { Plain, PlainError, PlainObject, StateValue } from './plain.js';
import type { InspectorRecord, Transition } from './record.js';

/** What is known of one actor at one moment. */
export interface ActorEntry {
  readonly id: string;
  name: string;
  /** Processes have a mailbox; machines are everything else. */
  type: 'process' | 'machine';
  parent: string | undefined;
  machine: string;
  state: StateValue;
  context: Plain | undefined;
  /** Its last step, for the transition that is drawn lit. */
  last: { readonly event: string; readonly from: StateValue; readonly atMs: number } | undefined;
  /** Events waiting, as last sampled. */
  depth: number;
  served: number;
  failed: number;
  sinceMs: number;
  reason: PlainError | undefined;
  links: readonly string[];
}

/** Actors more than this are counted, not kept. */
const MOST_ACTORS = 20_000;
/** Of those that are gone, crashed ones stay to be looked at; at most so many. */
const MOST_CRASHED = 200;

/**
 * What all records up to one moment say: every actor that lives then, and the charts they follow. The agent keeps
 * one of what its ring has let go, and the page many, one for each moment it is asked about.
 */
export class ActorTable {
  readonly actors = new Map<string, ActorEntry>();
  readonly definitions = new Map<string, PlainObject>([
    [PROCESS_MACHINE, processDefinition],
    [LEASE_MACHINE, leaseDefinition],
  ]);
  /** Events served in all, as last sampled. */
  events = 0;
  missed = 0;
  overflow = 0;
  #crashed = 0;

  apply(record: InspectorRecord): void {
    switch (record.kind) {
      case 'spawned':
        return this.#add(record.process, record.process, 'process', record.parent, record.atMs);
      case 'actor':
        return this.#addMachine(record);
      case 'definition':
        return void this.definitions.set(record.machine, record.definition);
      case 'exited':
        return this.#end(record.process, record.reason);
      case 'machine':
        return this.#step(record);
      case 'begun':
        return this.#move(this.#met(record.process, record.atMs), 'serving', record.label, record.atMs);
      case 'ended':
        return this.#ended(this.#met(record.process, record.atMs), record.outcome, record.atMs);
      case 'queued':
        this.#met(record.process, record.atMs).depth = record.depth;
        return;
      case 'linked': {
        const entry = this.#met(record.process, record.atMs);
        if (!entry.links.includes(record.to)) entry.links = [...entry.links, record.to].slice(-50);
        return;
      }
      case 'depths':
        return this.#sample(record.depths, record.events);
      case 'gap':
        return this.#missed(record.missed);
    }
  }

  /** A copy that the next records do not change. */
  clone(): ActorTable {
    const copy = new ActorTable();
    for (const [id, entry] of this.actors) copy.actors.set(id, { ...entry });
    for (const [key, definition] of this.definitions) copy.definitions.set(key, definition);
    copy.events = this.events;
    copy.missed = this.missed;
    copy.overflow = this.overflow;
    copy.#crashed = this.#crashed;
    return copy;
  }

  /** Records that make an empty table equal to this one, definitions first, parents before children. */
  toRecords(atMs: number): readonly InspectorRecord[] {
    const records: InspectorRecord[] = [];
    for (const [machine, definition] of this.definitions) {
      records.push({ kind: 'definition', atMs, process: '', machine, definition });
    }
    for (const entry of this.actors.values()) {
      const { id: process, name, parent, machine, state, context, sinceMs } = entry;
      if (entry.type === 'process') {
        records.push({ kind: 'spawned', atMs: sinceMs, process, cause: 0, ...(parent !== undefined && { parent }) });
      } else {
        const known = { ...(parent !== undefined && { parent }), ...(context !== undefined && { context }) };
        records.push({ kind: 'actor', atMs: sinceMs, process, name, machine, state, ...known });
      }
      for (const to of entry.links) records.push({ kind: 'linked', atMs: sinceMs, process, to });
      if (entry.reason) records.push({ kind: 'exited', atMs, process, reason: entry.reason });
    }
    return records;
  }

  #add(id: string, name: string, type: ActorEntry['type'], parent: string | undefined, atMs: number): void {
    const known = this.actors.get(id);
    if (known === undefined && this.actors.size >= MOST_ACTORS) {
      this.overflow += 1;
      return;
    }
    if (known?.reason) this.#crashed -= 1;
    const state = type === 'process' ? 'idle' : 'active';
    this.actors.set(id, {
      id, name, type, parent, machine: type === 'process' ? PROCESS_MACHINE : '', state, context: undefined,
      last: undefined, depth: 0, served: 0, failed: 0, sinceMs: atMs, reason: undefined, links: [],
    });
  }

  #addMachine(record: Extract<InspectorRecord, { kind: 'actor' }>): void {
    const { process, name, parent, machine, state, context, atMs } = record;
    this.#add(process, name, 'machine', parent, atMs);
    const entry = this.actors.get(process);
    if (!entry) return;
    entry.machine = machine ?? '';
    entry.state = state ?? 'active';
    entry.context = context;
  }

  /** An actor whose birth nobody recorded. */
  #met(id: string, atMs: number): ActorEntry {
    const known = this.actors.get(id);
    if (known) return known;
    this.#add(id, id, 'process', undefined, atMs);
    return this.actors.get(id) ?? { ...strayEntry, id };
  }

  #step({ process, machine, event, state, context, atMs }: Transition): void {
    let entry = this.actors.get(process);
    if (!entry) {
      this.#add(process, process, 'machine', undefined, atMs);
      entry = this.actors.get(process);
      if (!entry) return;
    }
    entry.machine = machine;
    this.#move(entry, state, event, atMs);
    if (context !== undefined) entry.context = context;
  }

  #move(entry: ActorEntry, state: StateValue, event: string, atMs: number): void {
    entry.last = { event, from: entry.state, atMs };
    entry.state = state;
  }

  #ended(entry: ActorEntry, outcome: string, atMs: number): void {
    entry.served += 1;
    if (entry.depth > 0) entry.depth -= 1;
    if (outcome === 'failed') entry.failed += 1;
    this.#move(entry, outcome === 'crashed' ? 'crashed' : 'idle', outcome === 'crashed' ? 'crash' : 'done', atMs);
  }

  #end(id: string, reason: PlainError | undefined): void {
    const entry = this.actors.get(id);
    if (!entry) return;
    if (reason === undefined || this.#crashed >= MOST_CRASHED) {
      this.actors.delete(id);
      return;
    }
    if (!entry.reason) this.#crashed += 1;
    entry.reason = reason;
    entry.state = entry.type === 'process' ? 'crashed' : entry.state;
  }

  #sample(depths: Readonly<Record<string, number>>, events: number): void {
    this.events = events;
    for (const entry of this.actors.values()) if (entry.depth !== 0) entry.depth = 0;
    for (const [id, depth] of Object.entries(depths)) {
      const entry = this.actors.get(id);
      if (entry) entry.depth = depth;
    }
  }

  /** Who was serving when recording paused may long be done. */
  #missed(missed: number): void {
    this.missed += missed;
    for (const entry of this.actors.values()) {
      if (entry.type === 'process' && entry.state === 'serving') entry.state = 'idle';
    }
  }
}

const strayEntry: ActorEntry = {
  id: '', name: '', type: 'process', parent: undefined, machine: PROCESS_MACHINE, state: 'idle', context: undefined,
  last: undefined, depth: 0, served: 0, failed: 0, sinceMs: 0, reason: undefined, links: [],
};
