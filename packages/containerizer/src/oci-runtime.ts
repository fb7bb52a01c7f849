import type { Files, Host } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { ProcessLimits } from './capabilities.js';
import type { HiddenMount } from './monitored-process.js';
import { launcherFiles } from './monitored-process.js';
import { ociSpec } from './oci-spec.js';

export type OciRuntimeName = 'crun' | 'runc';

/** An OCI runtime that was seen to work, and how. */
export interface WorkingRuntime {
  readonly program: string;
  /** What it must not see in order to work. */
  readonly hidden?: HiddenMount;
  readonly limits: ProcessLimits;
}

/** The same for crun and runc. */
export function runArguments(id: ContainerId, runtimeDirectory: string): string[] {
  const { directory, log, pid, state } = launcherFiles(runtimeDirectory);
  return ['--root', state, '--log', log, 'run', '--bundle', directory, '--pid-file', pid, id];
}

/** The words before its arguments, where it runs without a monitor. */
export function prefixOf({ program, hidden }: WorkingRuntime): readonly string[] {
  if (!hidden) return [program];
  return [hidden.unshare, '--mount', '/bin/sh', '-c', 'umount "$0" && exec "$@"', hidden.path, program];
}

/** Writes what the runtime reads of a container, for its user on this host. */
export function writeBundle(
  { files, host }: { readonly files: Files; readonly host: Host },
  request: Parameters<typeof ociSpec>[0] & { readonly runtimeDirectory: string },
  limits: ProcessLimits,
): Future<void> {
  const { effectiveUserId: uid, effectiveGroupId: gid } = host;
  const spec = ociSpec(request, uid === 0 ? { limits } : { limits, rootless: { uid, gid } });
  const { directory } = launcherFiles(request.runtimeDirectory);
  return files
    .makeDirectory(directory, { mode: 0o700 })
    .then(() => files.write(`${directory}/config.json`, new TextEncoder().encode(JSON.stringify(spec))));
}
