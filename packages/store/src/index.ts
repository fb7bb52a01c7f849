export type { ArchivePullerOptions } from './archive/archive-puller.js';
export { ArchivePuller } from './archive/archive-puller.js';
export type { AreaBytes } from './area-bytes.js';
export { readAreaBytes } from './area-bytes.js';
export { DockerStore } from './docker-store.js';
export type { DockerStoreOptions } from './docker-store-options.js';
export type { Exclusion } from './exclusion.js';
export { matches, parseExclusions } from './exclusion.js';
export type { PullOptions } from './image-acquisition.js';
export type { ImageSource, SourceScheme } from './image-source.js';
export { parseSource } from './image-source.js';
export type { LayerScan, StoreInventory, StoreProblem } from './inventory.js';
export { readInventory, scanLayers } from './inventory.js';
export { lastUseOf } from './keep-reason.js';
export { isLayerId } from './layer-id.js';
export type { LayerRecord } from './layer-record.js';
export { layerRecordFormat, treeOf } from './layer-record.js';
export type { LayoutPullerOptions } from './layout/layout-puller.js';
export { LayoutPuller } from './layout/layout-puller.js';
export { loadedName } from './layout/loaded-name.js';
export type {
  ImageSnapshot,
  MetadataManagerOptions,
  MetadataPrune,
  MetadataRecovery,
} from './metadata-manager.js';
export { MetadataManager } from './metadata-manager.js';
export { layerOfTrash, StorePaths } from './paths.js';
export type { ImageDecision, Inventory, LayerDecision, Protections, PrunePlan } from './plan.js';
export { decideImages, decideLayers, planInSteps, planPrune } from './plan.js';
export type { PruneReport, RemovedImage, RemovedLayer, Verdict } from './prune-report.js';
export { emptyPruneReport, mergePruneReports } from './prune-report.js';
export type { LayerPullState, PullProgress } from './pull-progress.js';
export type { PullResult } from './pull-result.js';
export type {
  BlobOrigin,
  BlobRequest,
  FetchedBlob,
  ResolvedImage,
  ResolvedLayer,
  ResolveRequest,
  SourceListing,
} from './puller.js';
export { pullMachine } from './pull-machine.js';
export type { PullEvent } from './pull-machine.js';
export { Puller } from './puller.js';
export { PullerRouter } from './puller-router.js';
export type { DecodedRecord, RecordFormat, RecordProblem } from './record.js';
export { decodeRecord, encodeRecord } from './record.js';
export type { RetryPolicy } from './registry/backoff.js';
export { defaultRetryPolicy } from './registry/backoff.js';
export type { AuthChallenge } from './registry/auth-challenge.js';
export { parseChallenges } from './registry/auth-challenge.js';
export type { ConfigCredentialsOptions, CredentialFile } from './registry/config-credentials.js';
export { ConfigCredentials } from './registry/config-credentials.js';
export type { RegistryAccess } from './registry/credential.js';
export { Credential } from './registry/credential.js';
export { keepKinds } from './keep-reason.js';
export { accessId, anonymousAccess, givenAccess, givenConfig } from './registry/given-credentials.js';
export type { RegistriesSettings, RegistrySettings } from './registry/registry-endpoint.js';
export type { RegistryPullerOptions } from './registry/registry-puller.js';
export { RegistryPuller } from './registry/registry-puller.js';
export type { Cache, Choice, Reclaim } from './reclaim.js';
export { chooseLeastRecentlyUsed } from './reclaim.js';
export type { Root } from './roots.js';
export type { Steps } from './steps.js';
export { atOnce } from './steps.js';
export type { StoreErrorCode } from './store-error.js';
export { StoreError } from './store-error.js';
export { StoreMetrics } from './store-metrics.js';
export type { StoreRecovery } from './store-recovery.js';
export type { StoreRepair } from './store-repair.js';
export type { GetOptions, Image, LayerId, LayerTree, PruneOptions, StorePruneOptions } from './store.js';
export { Store } from './store.js';
export type { StoredImage } from './stored-image.js';
export { sweepable } from './sweepable.js';
export type { SweeperOptions, SweepFailure, SweepReport } from './sweeper.js';
export { Sweeper } from './sweeper.js';
export { storeJobs } from './store-jobs.js';
export { uniqueBytes } from './unique-bytes.js';
export type { ImageSummary, StoreUsage } from './usage.js';
export { imageUsages, layerUsage } from './usage.js';
export type { Explanation, Holder } from './why.js';
export { explain } from './why.js';
