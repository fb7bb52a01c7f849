import type { ContainerConfig } from '@keelson/containerizer';
import { containerConfig } from '@keelson/containerizer';
import type { Platform } from '@keelson/image';
import type { BackendName, ContainerId } from '@keelson/provisioner';
import type { PullProgress } from '@keelson/store';
import type { AgentSettings } from './agent-options.js';
import type { RegistryLogin } from './registry-login.js';

/**
 * What to launch. Everything but `image` (or `rootfs`) has a default: the image's own command, no volumes,
 * the host's network, and output into the sandbox (`ROOT/sandboxes/<id>/{stdout,stderr}`; `stdio: 'inherit'`
 * passes ours through).
 */
export interface LaunchOptions extends Partial<Omit<ContainerConfig, 'image' | 'provisionOnly'>> {
  /** Its name; a new one if unset. */
  readonly id?: ContainerId;
  /** As users write references; pulled if it is not here. */
  readonly image?: string;
  /** Whose credentials the pull of `image` shows, instead of those of the agent's own user. Never written down. */
  readonly login?: RegistryLogin;
  /**
   * An open descriptor of this process that becomes the container's standard input, where its output goes into the
   * sandbox; default none. It stays yours: close it once the launch is answered. Containers of an engine get none.
   */
  readonly stdin?: number;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** A root filesystem for the caller's own purposes. */
export interface ProvisionRequest {
  readonly id?: ContainerId;
  readonly image: string;
  readonly backend?: BackendName;
  readonly platform?: Platform;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** The configuration that is checkpointed: the request, then the agent's own settings, then the defaults. */
export function configOf(
  options: Omit<LaunchOptions, 'login' | 'stdin' | 'onProgress'>,
  settings: AgentSettings,
  image: string | undefined,
): ContainerConfig {
  const { id: _id, image: _image, ...wanted } = options;
  const { backend, launcher, platform } = settings;
  return containerConfig({
    stdio: 'sandbox',
    ...(backend && { backend }),
    ...(launcher && { launcher }),
    ...(platform && { platform }),
    ...wanted,
    ...(image !== undefined && { image: { type: 'DOCKER', name: image } }),
  });
}
