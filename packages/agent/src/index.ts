export { Agent } from './agent.js';
export { AgentError } from './agent-error.js';
export type { AgentErrorCode } from './agent-error.js';
export type { AgentState, RecoveryPhase } from './agent-state.js';
export type { AgentEvent } from './agent-event.js';
export type { AgentOptions, ContainerizerName, DockerOptions } from './agent-options.js';
export type { AttachedContainer } from './attached-container.js';
export type { CheckOptions, CheckReport, ConsistencyProblem } from './consistency.js';
export type { ContainerListing } from './container-listing.js';
export type { ImageCollectorOptions } from './image-collector.js';
export { ImageCollector } from './image-collector.js';
export type { ImageGcConfig, ImageGcSettings } from './image-gc-config.js';
export { imageGcSettings } from './image-gc-config.js';
export type { ImageGcReason, ImageGcResult, ImageGcRun, ImageGcTrigger } from './image-gc-run.js';
export type { ImageListing } from './image-listing.js';
export type { LaunchOptions, ProvisionRequest } from './launch-options.js';
export type { LogEntry, LogLevel } from './log-entry.js';
export type { ProvisionedRoot } from './provisioned-root.js';
export type { PruneOptions } from './prune-options.js';
export type { PullOptions } from './pull-options.js';
export type { RegistryLogin } from './registry-login.js';
export type { ContainerLogs, PlanOptions, ReadOnlyView } from './read-only-view.js';
export type { Configuration } from './configuration/configuration.js';
export { readGrowing } from './growing-file.js';
export type { MissedEvents, NumberedEvent } from './event-log.js';
export { readOnlyView } from './read-only-view.js';

// What the requests above take and answer.
export { ContainerizerError, exitStatusOfFailure, parseSignal, terminationOf } from '@keelson/containerizer';
export type { ContainerInfo, ContainerTermination, PartialPrune } from '@keelson/containerizer';
export type { MetricsSnapshot } from '@keelson/process';
export { parsePlatform } from '@keelson/image';
export type { Platform } from '@keelson/image';
export type { BackendName } from '@keelson/provisioner';
export type {
  Explanation,
  ImageSummary,
  PrunePlan,
  PruneReport,
  PullProgress,
  PullResult,
  StoreUsage,
  Verdict,
} from '@keelson/store';
