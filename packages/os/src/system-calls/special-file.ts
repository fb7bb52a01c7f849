/** A file that `open` cannot make. */
export type SpecialFile =
  | { readonly kind: 'fifo' | 'socket' }
  | { readonly kind: 'character' | 'block'; readonly major: number; readonly minor: number };
