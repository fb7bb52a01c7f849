import type { LayerId } from './store.js';

const hex64 = /^[0-9a-f]{64}$/;

/** Whether `name` can be a layer's folder: 64 lower-case hex digits, so never a path. */
export function isLayerId(name: string): name is LayerId {
  return hex64.test(name);
}
