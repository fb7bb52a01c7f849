/**
 * The jobs of the store, which run in the pool, by name. Their inputs are `UnpackLayerInput`,
 * `HashTreeInput`, `IndexArchiveInput`, `DigestBlobInput`, `ReadLayersInput` and `SyncTreeInput`.
 */
export const storeJobs: Readonly<Record<string, URL>> = {
  'store.unpack-layer': new URL('./workers/unpack-layer.js', import.meta.url),
  'store.index-archive': new URL('./workers/index-archive.js', import.meta.url),
  'store.digest-blob': new URL('./workers/digest-blob.js', import.meta.url),
  'store.hash-tree': new URL('./workers/hash-tree.js', import.meta.url),
  'store.read-layers': new URL('./workers/read-layers.js', import.meta.url),
  'store.sync-tree': new URL('./workers/sync-tree.js', import.meta.url),
};
