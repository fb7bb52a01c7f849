import { Deferred, Future } from '@keelson/process';
import type { LayerRecord } from './layer-record.js';
import type { LayerId } from './store.js';

export type LayerState = 'present' | 'condemned' | 'absent';

/**
 * Which layers are on disk, as the store's decisions see them.
 *
 * | from | call | to |
 * |---|---|---|
 * | absent | `publish` | present |
 * | present | `condemn` | condemned: a prune chose it; nobody may build on it |
 * | condemned | `rescue` | present: a root was taken in time, or the rename failed |
 * | condemned | `remove` | absent: renamed into `gc/` |
 * | present | `drop` | absent: its folder was found broken |
 *
 * Any other call is a bug and throws.
 */
export class LayerTable {
  readonly #present = new Map<LayerId, LayerRecord>();
  readonly #condemned = new Map<
    LayerId,
    { readonly record: LayerRecord; readonly decided: Deferred<void> }
  >();

  get size(): number {
    return this.#present.size + this.#condemned.size;
  }

  stateOf(id: LayerId): LayerState {
    if (this.#present.has(id)) return 'present';
    return this.#condemned.has(id) ? 'condemned' : 'absent';
  }

  /** The record of a present layer. A condemned one counts as absent. */
  record(id: LayerId): LayerRecord | undefined {
    return this.#present.get(id);
  }

  ids(): Iterable<LayerId> {
    return this.#present.keys();
  }

  records(): Iterable<LayerRecord> {
    return this.#present.values();
  }

  publish(record: LayerRecord): void {
    this.#expect(record.id, 'absent');
    this.#present.set(record.id, record);
  }

  condemn(id: LayerId): void {
    const record = this.#present.get(id);
    if (!record) throw this.#unexpected(id, 'present');
    this.#present.delete(id);
    this.#condemned.set(id, { record, decided: new Deferred<void>() });
  }

  rescue(id: LayerId): void {
    const { record, decided } = this.#leaveCondemned(id);
    this.#present.set(id, record);
    decided.set(undefined);
  }

  remove(id: LayerId): LayerRecord {
    const { record, decided } = this.#leaveCondemned(id);
    decided.set(undefined);
    return record;
  }

  drop(id: LayerId): void {
    this.#expect(id, 'present');
    this.#present.delete(id);
  }

  /** Ready once the layer is not condemned: it may be present again, or absent. */
  decided(id: LayerId): Future<void> {
    return this.#condemned.get(id)?.decided.future.undiscardable() ?? Future.ready(undefined);
  }

  #leaveCondemned(id: LayerId): { record: LayerRecord; decided: Deferred<void> } {
    const entry = this.#condemned.get(id);
    if (!entry) throw this.#unexpected(id, 'condemned');
    this.#condemned.delete(id);
    return entry;
  }

  #expect(id: LayerId, state: LayerState): void {
    if (this.stateOf(id) !== state) throw this.#unexpected(id, state);
  }

  #unexpected(id: LayerId, state: LayerState): Error {
    return new Error(`layer ${id} is ${this.stateOf(id)}, not ${state}`);
  }
}
