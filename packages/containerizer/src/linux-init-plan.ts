import type { CapabilityName } from './capabilities.js';
import type { LaunchRequest } from './launcher.js';

/** What the init script of the linux launcher is told, as JSON in a file. */
export interface LinuxInitPlan extends LaunchRequest {
  /** Kept in the bounding set; everything else is dropped. */
  readonly capabilities: readonly CapabilityName[];
  /** Groups cannot be set there, and sysfs cannot be mounted without a network namespace. */
  readonly inUserNamespace: boolean;
}
