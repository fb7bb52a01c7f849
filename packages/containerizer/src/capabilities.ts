/**
 * Capabilities a container gets, by their numbers in capability.h. Source: containerd `oci/spec.go`, as
 * docker's.
 */
export const defaultCapabilities = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_FOWNER: 3,
  CAP_FSETID: 4,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_RAW: 13,
  CAP_SYS_CHROOT: 18,
  CAP_MKNOD: 27,
  CAP_AUDIT_WRITE: 29,
  CAP_SETFCAP: 31,
} as const;

export type CapabilityName = keyof typeof defaultCapabilities;

/** What this process may hand on: never more than it was itself left with. */
export interface ProcessLimits {
  readonly capabilities: readonly CapabilityName[];
  /** Hard limit of open files, `undefined` when there is none. */
  readonly openFilesHard?: number;
}

/**
 * Reads `/proc/self/status` and `/proc/self/limits`: asking for a capability outside the bounding set, or
 * for a limit above the present hard one, makes an OCI runtime refuse the container.
 */
export function processLimits(statusText: string, limitsText: string): ProcessLimits {
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(statusText)?.[1] ?? 'ffffffffffffffff'}`);
  const held = Object.entries(defaultCapabilities) as [CapabilityName, number][];
  const capabilities = held.filter(([, number]) => (bounding >> BigInt(number)) & 1n).map(([name]) => name);

  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limitsText)?.[1];
  return { capabilities, ...(hard !== undefined && { openFilesHard: Number(hard) }) };
}
