/** A layer of the picture. */
export interface PicturedLayer {
  readonly id: string;
  readonly sizeBytes: number;
  /** Why a prune would keep it now; empty if nothing does. */
  readonly kept: readonly string[];
}

/** An image of the picture. */
export interface PicturedImage {
  readonly reference: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly uniqueBytes: number;
  readonly pinned: boolean;
  /** Layer ids, oldest first. */
  readonly layers: readonly string[];
  readonly kept: readonly string[];
}

/** A container of the picture. */
export interface PicturedContainer {
  readonly id: string;
  readonly state: string;
  readonly image: string | undefined;
  /** Layer ids it stands on. */
  readonly layers: readonly string[];
}

/** Something that a prune took away and the sweep has not removed yet. */
export interface PicturedTrash {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly ageMs: number;
}

/** A store at one moment: what stands on what, and why each layer stays. */
export interface StorePicture {
  readonly at: string;
  readonly containers: readonly PicturedContainer[];
  readonly images: readonly PicturedImage[];
  readonly layers: readonly PicturedLayer[];
  readonly trash: readonly PicturedTrash[];
  /** What a prune would remove now, or why it would refuse. */
  readonly plan:
    | { readonly images: readonly string[]; readonly layers: readonly string[]; readonly bytes: number }
    | { readonly refused: string };
}
