import type { Snapshot } from './snapshot.js';

/** Something that is not as it should be. `code` names the kind, `why` says it in a sentence. */
export interface ConsistencyProblem {
  readonly code: string;
  readonly object: string;
  readonly why: string;
}

export interface CheckReport {
  readonly ok: boolean;
  readonly problems: readonly ConsistencyProblem[];
  /** Objects of `problems` that are as they should be again. A check that only looks repairs nothing. */
  readonly repaired: readonly string[];
}

export interface CheckOptions {
  /** Move what is damaged aside. */
  readonly repair?: boolean;
  /** Problems that were seen before, to be told with the rest: a start puts some right by itself. */
  readonly seen?: readonly ConsistencyProblem[];
}

/**
 * Compares the directories with the records, both ways: what lies there unknown or broken, and what is
 * recorded but missing. A whole layer that no image names is cache and no problem. Contents are not hashed
 * again.
 */
export function checkConsistency({ store, provisioned }: Snapshot): CheckReport {
  const present = new Set(store.layers.map(({ id }) => id));
  const problems: ConsistencyProblem[] = [...store.problems];
  for (const image of store.images) {
    for (const id of image.layers) {
      if (present.has(id)) continue;
      problems.push({
        code: 'LAYER_MISSING',
        object: image.reference,
        why: `its layer ${id} is not on disk`,
      });
    }
  }
  for (const container of provisioned) {
    if (container.layersUnknown !== undefined) {
      problems.push({ code: 'LAYERS_UNKNOWN', object: container.id, why: container.layersUnknown });
    }
    for (const id of new Set(container.rootfses.flatMap(({ layers }) => layers))) {
      if (present.has(id)) continue;
      problems.push({
        code: 'LAYER_MISSING',
        object: container.id,
        why: `it stands on layer ${id}, which is not on disk`,
      });
    }
  }
  return { ok: problems.length === 0, problems, repaired: [] };
}
