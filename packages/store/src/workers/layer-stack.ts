import type { Stats } from 'node:fs';
import { closeSync, constants, lstatSync, openSync, readdirSync } from 'node:fs';
import { bytesOfRecord, bytesOfText, joined, nativePath } from './byte-path.js';

/** A layer as its record has it: where its tree is, and what it hides below it. Lists are path text. */
export interface StackedLayer {
  readonly rootfs: string;
  /** Where it is until it moves to `rootfs`, at whatever moment. */
  readonly stagedRootfs?: string;
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
}

interface IndexedLayer {
  /** Byte string, as are the paths in the sets. */
  readonly rootfs: string;
  readonly whiteouts: ReadonlySet<string>;
  readonly opaques: ReadonlySet<string>;
}

/** One directory of the merged view: the layers that have a part of it, topmost first. */
export interface MergedDirectory {
  /** Byte string below the root; no component of it is a link. */
  readonly path: string;
  readonly layers: readonly IndexedLayer[];
}

/** What stands at a name: the topmost node there is, and for a directory all its parts. */
export interface MergedNode {
  readonly status: Stats;
  /** Byte string: where the topmost node really is. */
  readonly source: string;
  readonly directory?: MergedDirectory;
}

/**
 * The merged view of finished layers, as overlayfs shows it, read from their lists: markers in the trees
 * do not count.
 *
 * It never follows a link, and reads no file but by `lstat`. The trees must not change meanwhile.
 * Source: Linux `fs/overlayfs/namei.c` (`ovl_lookup`), OCI image-spec `layer.md`.
 */
export class LayerStack {
  readonly root: MergedDirectory;
  readonly #held: number[] = [];

  /**
   * @param layers base first
   * @throws an errno error  one of them is nowhere
   */
  constructor(layers: readonly StackedLayer[]) {
    const indexed = layers.map((layer) => ({
      rootfs: this.#wayTo(layer),
      whiteouts: new Set(layer.whiteouts.map(bytesOfRecord)),
      opaques: new Set(layer.opaques.map(bytesOfRecord)),
    }));
    this.root = { path: '', layers: indexed.toReversed() };
  }

  /** Lets go of the layers that move. */
  close(): void {
    for (const descriptor of this.#held.splice(0)) closeSync(descriptor);
  }

  /**
   * A path that leads to the layer for as long as this is open, though the layer may move meanwhile: once, from
   * staging to its place. Where it is not in the one it is in the other.
   */
  #wayTo({ rootfs, stagedRootfs }: StackedLayer): string {
    if (stagedRootfs === undefined) return bytesOfText(rootfs);
    const descriptor = openIfThere(stagedRootfs) ?? openSync(nativePath(bytesOfText(rootfs)), directoryFlags);
    this.#held.push(descriptor);
    return `/proc/self/fd/${descriptor}/.`;
  }

  /** The root directory's own status comes from the topmost layer; `undefined` for a stack of none. */
  rootNode(): MergedNode | undefined {
    const top = this.root.layers[0];
    if (top === undefined) return undefined;
    return { status: lstatSync(nativePath(top.rootfs)), source: top.rootfs, directory: this.root };
  }

  /**
   * Every name some layer has in `directory`, once each: a marker's too, which `lookup` then does not
   * find.
   */
  names({ path, layers }: MergedDirectory): string[] {
    const folders = layers.map(({ rootfs }) => nativePath(path === '' ? rootfs : `${rootfs}/${path}`));
    const names = folders.map((folder) => readdirSync(folder, 'latin1'));
    return names.length === 1 ? names[0]! : [...new Set(names.flat())];
  }

  /** What `name` is in `directory`, or `undefined` where nothing is visible. */
  lookup(directory: MergedDirectory, name: string): MergedNode | undefined {
    const path = joined(directory.path, name);
    const layers: IndexedLayer[] = [];
    let top: { status: Stats; source: string } | undefined;
    for (const layer of directory.layers) {
      if (layer.whiteouts.has(path)) break;
      const source = `${layer.rootfs}/${path}`;
      const status = lstatSync(nativePath(source), { throwIfNoEntry: false });
      if (status === undefined) continue;
      // Below a directory a file of the same name is hidden, and with it whatever lies deeper.
      if (!status.isDirectory())
        return top === undefined ? { status, source } : { ...top, directory: { path, layers } };
      top ??= { status, source };
      layers.push(layer);
      if (layer.opaques.has(path)) break;
    }
    return top === undefined ? undefined : { ...top, directory: { path, layers } };
  }
}

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

function openIfThere(path: string): number | undefined {
  try {
    return openSync(nativePath(bytesOfText(path)), directoryFlags);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
