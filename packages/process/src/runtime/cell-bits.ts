/** Bits of a cell. A process is BOTTOM (none), then INITIALIZED, then GONE. */
export const INITIALIZED = 1;
/** In the run queue, or its handler is running. */
export const QUEUED = 2;
/** A termination was injected: what lies before it in the mailbox is dropped. */
export const PURGE = 4;
export const GONE = 8;
