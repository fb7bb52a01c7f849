/*
 * For worker files of other packages, which read the same layers: `@keelson/store/workers`. It loads no
 * actor.
 */
export { bytesOfText, joined, nativePath, recordOfBytes } from './byte-path.js';
export { copyNode } from './copy-node.js';
export { directoryCreationMode } from './directory-metadata.js';
export type { FileMetadata } from './file-metadata.js';
export { MetadataWriter, readMetadata } from './file-metadata.js';
export type { MergedDirectory, MergedNode, StackedLayer } from './layer-stack.js';
export { LayerStack } from './layer-stack.js';
export type { SkippedEntry } from './skipped-entries.js';
export { SkippedEntries } from './skipped-entries.js';
export { makeRoot } from './tree-walk.js';
