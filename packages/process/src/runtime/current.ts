import type { Cell } from './cell.js';
import type { Runtime } from './runtime.js';

/**
 * Whose handler is running, if one is: set when an event begins and restored when it ends, never kept between
 * them. It lets the free functions that need time or a runtime find the one they are called in.
 */
export const current: { runtime: Runtime | undefined; cell: Cell | undefined } = {
  runtime: undefined,
  cell: undefined,
};
