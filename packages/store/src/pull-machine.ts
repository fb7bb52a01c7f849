import { setup } from 'xstate';

/** What happens to a pull; one event a turn of the store. */
export type PullEvent =
  | { readonly type: 'RESOLVED' }
  | { readonly type: 'VERIFIED' }
  | { readonly type: 'INSTALLED' }
  | { readonly type: 'STORED' }
  | { readonly type: 'FAIL' }
  | { readonly type: 'DISCARD' };

const gone = { FAIL: 'FAILED', DISCARD: 'GIVEN_UP' } as const;

/**
 * The life of one pull, as the store drives it and the inspector draws it.
 *
 * | state      | event     | next       | because |
 * |------------|-----------|------------|---------|
 * | RESOLVING  | RESOLVED  | VERIFYING  | the source has told manifest and configuration: every layer is rooted now |
 * | VERIFYING  | VERIFIED  | INSTALLING | which layers are here already is known, and the name may be taken |
 * | INSTALLING | INSTALLED | STORING    | every layer is published |
 * | STORING    | STORED    | STORED     | the image's record is durable |
 * | any        | FAIL      | FAILED     | of what was fetched nothing is visible but whole layers |
 * | any        | DISCARD   | GIVEN_UP   | everybody who asked has left |
 */
export const pullMachine = setup({ types: { events: {} as PullEvent } }).createMachine({
  id: 'pull',
  initial: 'RESOLVING',
  states: {
    RESOLVING: { on: { RESOLVED: 'VERIFYING', ...gone } },
    VERIFYING: { on: { VERIFIED: 'INSTALLING', ...gone } },
    INSTALLING: { on: { INSTALLED: 'STORING', ...gone } },
    STORING: { on: { STORED: 'STORED', ...gone } },
    STORED: { type: 'final' },
    FAILED: { type: 'final' },
    GIVEN_UP: { type: 'final' },
  },
});
