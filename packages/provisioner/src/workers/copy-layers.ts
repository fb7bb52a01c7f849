import type { FileMetadata, MergedDirectory, SkippedEntry, StackedLayer } from '@keelson/store/workers';
import {
  bytesOfText,
  copyNode,
  directoryCreationMode,
  joined,
  LayerStack,
  makeRoot,
  MetadataWriter,
  nativePath,
  readMetadata,
  SkippedEntries,
} from '@keelson/store/workers';
import { closeSync, constants, linkSync, mkdirSync, openSync } from 'node:fs';

/** What `provisioner.copy-layers` is asked to do. Plain data. */
export interface CopyLayersInput {
  /** Finished layers, base first. They are only read. */
  readonly layers: readonly StackedLayer[];
  /** The root filesystem to make: a path that is free, in a folder that exists. */
  readonly target: string;
}

export interface CopiedLayers {
  /** Nodes made, the root not counted. */
  readonly entries: number;
  /** Of all files, each counted once. */
  readonly bytes: number;
  /** What could not be kept, at most 1000 of `skippedCount`. */
  readonly skipped: readonly SkippedEntry[];
  readonly skippedCount: number;
}

/**
 * Copies the merged view of some layers into a tree of its own, which shares nothing with them but, where
 * the file system can, the blocks of files (FICLONE).
 *
 * The merge comes first, so what an upper layer hides is never copied, and nothing in the new tree is
 * ever replaced.
 */
export default function copyLayers(input: CopyLayersInput): CopiedLayers {
  return new LayerCopy(new LayerStack(input.layers), bytesOfText(input.target)).run();
}

class LayerCopy {
  readonly #metadata = new MetadataWriter(process.geteuid!() === 0);
  readonly #skipped = new SkippedEntries();
  /**
   * Where the nodes that have several names went, by device and inode: a link joins names of one layer
   * only.
   */
  readonly #linked = new Map<string, string>();
  #entries = 0;
  #bytes = 0;

  constructor(
    private readonly stack: LayerStack,
    private readonly target: string,
  ) {}

  run(): CopiedLayers {
    makeRoot(this.target);
    const root = this.stack.rootNode();
    if (root !== undefined) {
      this.#copyEntries(this.stack.root);
      this.#finishDirectory('', readMetadata(root.source, root.status));
    }
    const { told: skipped, count: skippedCount } = this.#skipped;
    return { entries: this.#entries, bytes: this.#bytes, skipped, skippedCount };
  }

  #copyEntries(directory: MergedDirectory): void {
    for (const name of this.stack.names(directory)) {
      const node = this.stack.lookup(directory, name);
      // A name that is only a marker, or hidden.
      if (node === undefined) continue;
      this.#entries++;
      const path = joined(directory.path, name);
      if (node.directory === undefined) {
        this.#copyOther(node.source, node.status, path);
        continue;
      }
      // Read before the copy; finished after it, for what is written into a directory moves its time.
      const metadata = readMetadata(node.source, node.status);
      mkdirSync(nativePath(this.#targetOf(path)), directoryCreationMode);
      this.#copyEntries(node.directory);
      this.#finishDirectory(path, metadata);
    }
  }

  #copyOther(source: string, status: Parameters<typeof copyNode>[1], path: string): void {
    const target = this.#targetOf(path);
    const inode = status.nlink > 1 ? `${status.dev}:${status.ino}` : undefined;
    const first = inode === undefined ? undefined : this.#linked.get(inode);
    if (first !== undefined) return linkSync(nativePath(first), nativePath(target));
    if (inode !== undefined) this.#linked.set(inode, target);
    if (status.isFile()) this.#bytes += status.size;
    copyNode(source, status, target, this.#metadata, (why) => this.#skipped.add(path, why));
  }

  #finishDirectory(path: string, metadata: FileMetadata): void {
    const target = this.#targetOf(path);
    const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
    const descriptor = openSync(nativePath(target), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const report = (why: string) => this.#skipped.add(path, why);
      this.#metadata.writeOpen(descriptor, target, metadata, directoryCreationMode, report);
    } finally {
      closeSync(descriptor);
    }
  }

  #targetOf(path: string): string {
    return path === '' ? this.target : `${this.target}/${path}`;
  }
}
