import type { Digest } from '@keelson/image';

/** What became of one layer of a pull so far. A layer already on disk goes straight to `reused`. */
export type LayerPullState = 'waiting' | 'downloading' | 'unpacking' | 'done' | 'reused';

/** One step of a pull, told to everybody who asked for that image. Sizes are compressed bytes. */
export type PullProgress =
  | {
      readonly kind: 'resolved';
      readonly reference: string;
      readonly digest: Digest;
      readonly layers: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
    }
  | {
      readonly kind: 'layer';
      readonly digest: Digest;
      readonly state: LayerPullState;
      readonly receivedBytes: number;
      readonly sizeBytes: number;
    };
