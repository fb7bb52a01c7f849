import type { LayerId } from './store.js';
import { isLayerId } from './layer-id.js';

/**
 * The one owner of the store's layout. Nothing else joins these names.
 *
 * ```
 * ROOT/store/docker/
 *   layers/<layer id>/{rootfs, layer.json}    published by one rename
 *   staging/<random>/                         work in progress; cleared at start
 *   gc/<layer id>.<unique>                    left by one rename; the sweeper empties it
 *   quarantine/<name>.<unique>                unreadable or unknown; never deleted silently
 *   storedImages                              journal of image records
 *   reserve                                   space that a prune may use on a full disk
 *   lock                                      held with flock by the one owner
 * ```
 */
export class StorePaths {
  readonly root: string;
  readonly layers: string;
  readonly staging: string;
  readonly gc: string;
  readonly quarantine: string;
  readonly storedImages: string;
  readonly reserve: string;
  readonly lock: string;

  /** @param agentRoot the agent's root directory, absolute */
  constructor(agentRoot: string) {
    this.root = `${agentRoot.replace(/\/+$/, '')}/store/docker`;
    this.layers = `${this.root}/layers`;
    this.staging = `${this.root}/staging`;
    this.gc = `${this.root}/gc`;
    this.quarantine = `${this.root}/quarantine`;
    this.storedImages = `${this.root}/storedImages`;
    this.reserve = `${this.root}/reserve`;
    this.lock = `${this.root}/lock`;
  }

  layer(id: LayerId): string {
    return `${this.layers}/${id}`;
  }

  rootfs(id: LayerId): string {
    return `${this.layers}/${id}/rootfs`;
  }

  layerRecord(id: LayerId): string {
    return `${this.layers}/${id}/layer.json`;
  }

  /** One piece of work in progress; `unique` is a random id. */
  stagingArea(unique: string): string {
    return `${this.staging}/${unique}`;
  }

  /** Where something leaves to. `name` is a layer id, or what a staging area was called. */
  trash(name: string, unique: string): string {
    return `${this.gc}/${name}.${unique}`;
  }

  quarantined(name: string, unique: string): string {
    return `${this.quarantine}/${name}.${unique}`;
  }

  /** Every directory the store needs, outermost first. */
  directories(): readonly string[] {
    return [this.root, this.layers, this.staging, this.gc, this.quarantine];
  }
}

/** The layer a `gc/` entry was, `undefined` for anything else that ended there. */
export function layerOfTrash(entry: string): LayerId | undefined {
  const id = entry.slice(0, 64);
  return isLayerId(id) && entry[64] === '.' ? id : undefined;
}
