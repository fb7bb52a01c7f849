import { ActorTable } from '../records/actor-table.js';
import type { InspectorRecord } from '../records/record.js';

const CAPACITY = 60_000;
const LET_GO = 10_000;
const CHECKPOINT = 2_000;
const MOST_NAMES = 50_000;

/**
 * The records this page keeps, and what each moment among them looked like. Moments are numbers: moment `n` is after
 * the first `n` records ever seen, so that they stay what they are when old records go.
 */
export class History {
  #records: InspectorRecord[] = [];
  #start = 0;
  #base = new ActorTable();
  #live = new ActorTable();
  #checkpoints: { readonly at: number; readonly table: ActorTable }[] = [];
  #shown: { at: number; table: ActorTable } | undefined;
  #lost = 0;
  /** Of actors that may be gone by now. */
  readonly #names = new Map<string, string>();

  /** The first moment that can be looked at. */
  get start(): number {
    return this.#start;
  }

  /** The present. */
  get end(): number {
    return this.#start + this.#records.length;
  }

  /** Records that this page was too slow for. */
  get lost(): number {
    return this.#lost;
  }

  /** Begins anew with what is known now. */
  reset(records: readonly InspectorRecord[], lost: number): void {
    const end = this.end;
    this.#records = [];
    this.#start = end;
    this.#base = new ActorTable();
    for (const record of records) {
      this.#base.apply(record);
      this.#name(record);
    }
    this.#live = this.#base.clone();
    this.#checkpoints = [];
    this.#shown = undefined;
    this.#lost += lost;
  }

  append(records: readonly InspectorRecord[]): void {
    for (const record of records) {
      this.#live.apply(record);
      this.#name(record);
      this.#records.push(record);
      const spacing = Math.max(CHECKPOINT, this.#live.actors.size * 2);
      const last = this.#checkpoints.at(-1)?.at ?? this.#start;
      if (this.end - last >= spacing) this.#checkpoints.push({ at: this.end, table: this.#live.clone() });
    }
    if (this.#records.length > CAPACITY) this.#letGo();
  }

  /** What was known at moment `at`. Not to be changed; valid until the next call. */
  tableAt(at: number): ActorTable {
    if (at >= this.end) return this.#live;
    const shown = this.#shown;
    const from = shown && shown.at <= at ? shown : this.#checkpointBefore(at);
    for (let n = from.at; n < at; n += 1) from.table.apply(this.#records[n - this.#start]!);
    this.#shown = { at, table: from.table };
    return from.table;
  }

  /** The record that led to moment `at`. */
  recordBefore(at: number): InspectorRecord | undefined {
    return this.#records[at - 1 - this.#start];
  }

  /** The newest `limit` records before moment `at` that `wanted` picks, oldest first; looks at most `reach` back. */
  latest(at: number, limit: number, wanted: (record: InspectorRecord) => boolean, reach = 20_000): HistoryEntry[] {
    const found: HistoryEntry[] = [];
    const first = Math.max(this.#start, at - reach);
    for (let n = at - 1; n >= first && found.length < limit; n -= 1) {
      const record = this.#records[n - this.#start]!;
      if (wanted(record)) found.push({ at: n + 1, record });
    }
    return found.toReversed();
  }

  /** What an actor is called, or was. */
  nameOf(id: string): string {
    return this.#names.get(id) ?? id;
  }

  /** Every record kept, in order. */
  get records(): readonly InspectorRecord[] {
    return this.#records;
  }

  #name(record: InspectorRecord): void {
    if (record.kind !== 'actor') return;
    if (this.#names.size >= MOST_NAMES) this.#names.clear();
    this.#names.set(record.process, record.name);
  }

  #checkpointBefore(at: number): { at: number; table: ActorTable } {
    const found = this.#checkpoints.findLast((checkpoint) => checkpoint.at <= at);
    const { at: from, table } = found ?? { at: this.#start, table: this.#base };
    return { at: from, table: table.clone() };
  }

  #letGo(): void {
    for (let n = 0; n < LET_GO; n += 1) this.#base.apply(this.#records[n]!);
    this.#records = this.#records.slice(LET_GO);
    this.#start += LET_GO;
    this.#checkpoints = this.#checkpoints.filter(({ at }) => at >= this.#start);
    if (this.#shown && this.#shown.at < this.#start) this.#shown = undefined;
  }
}

/** A record, and the moment it led to. */
export interface HistoryEntry {
  readonly at: number;
  readonly record: InspectorRecord;
}
