import type { Platform } from '@keelson/image';
import type { BackendName, ImageName } from '@keelson/provisioner';

/** Which launcher starts a container: an OCI runtime, or the built-in one on namespaces. */
export type LauncherName = 'crun' | 'runc' | 'linux';

/** Something mounted into a container: a file or folder of the host, or a whole other image. */
export type ContainerVolume = {
  /** Absolute path inside the container. Missing targets are made. */
  readonly containerPath: string;
  readonly readOnly: boolean;
} & (
  | { readonly hostPath: string; readonly image?: undefined }
  | { readonly image: ImageName; readonly hostPath?: undefined }
);

/**
 * What a container should be. It is checkpointed as it is before anything is started, so it is plain data.
 *
 * Unset fields that the image also speaks of (`entrypoint`, `workingDirectory`, `user`) come from the
 * image. Mirrors the parts of Mesos `ContainerConfig` that this agent can honour.
 */
export interface ContainerConfig {
  /** Which containerizer it is for; unset, the first that can. Mirrors Mesos `ContainerInfo.type`. */
  readonly type?: 'MESOS' | 'DOCKER';
  /**
   * Exactly one of `image` and `rootfs`; a nested container may leave both out and shares its parent's
   * root.
   */
  readonly image?: ImageName;
  /** A folder that is the root filesystem, instead of an image. It is used in place and never removed. */
  readonly rootfs?: string;
  /** Arguments after `--`: they replace the image's CMD, and follow its ENTRYPOINT. */
  readonly argv: readonly string[];
  /** Replaces the image's ENTRYPOINT, and with it the image's CMD. */
  readonly entrypoint?: readonly string[];
  /** Wins over what isolators and the image set. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** `name`, `uid`, `name:group` or `uid:gid`, looked up in the image's own passwd and group files. */
  readonly user?: string;
  readonly volumes: readonly ContainerVolume[];
  readonly memoryBytes?: number;
  /** Processor time, in whole processors: `0.5` is half of one. */
  readonly cpus?: number;
  /** How many processes and threads it may have at a time. */
  readonly processes?: number;
  readonly network: 'host' | 'none';
  readonly hostname?: string;
  readonly backend?: BackendName;
  readonly platform?: Platform;
  readonly launcher?: LauncherName;
  /** `inherit` passes ours through; `sandbox` appends to `sandboxes/<id>/{stdout,stderr}`. */
  readonly stdio: 'inherit' | 'sandbox';
  /** Stop once the root filesystem stands: the container ends in PROVISIONED and runs nothing. */
  readonly provisionOnly?: boolean;
}

/**
 * A configuration with the defaults filled in: no arguments, environment or volumes, host network, our
 * stdio.
 *
 * @example containerConfig({ image: { type: 'DOCKER', name: 'alpine:3.20' }, argv: ['echo', 'hi'] })
 */
export function containerConfig(wanted: Partial<ContainerConfig>): ContainerConfig {
  return { argv: [], environment: {}, volumes: [], network: 'host', stdio: 'inherit', ...wanted };
}

/** Every image the container stands on: its root filesystem's and those of its volumes (T2). */
export function imagesOf(config: ContainerConfig): ImageName[] {
  const volumes = config.volumes.flatMap((volume) => (volume.image ? [volume.image] : []));
  return config.image ? [config.image, ...volumes] : volumes;
}
