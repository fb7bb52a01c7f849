/** Where a registry is spoken to. */
export interface RegistryEndpoint {
  /** For example `https://registry-1.docker.io`, without a slash at the end. */
  readonly baseUrl: string;
  /** As references write it, for messages. */
  readonly registry: string;
}

/**
 * Docker Hub answers under another name than its references carry. Registries on the loopback interface speak
 * plain http by rule; others only if `insecure` says so.
 */
export function endpointOf(registry: string, insecure = false): RegistryEndpoint {
  if (registry === 'docker.io') return { registry, baseUrl: 'https://registry-1.docker.io' };
  const scheme = insecure || isLoopback(hostOf(registry)) ? 'http' : 'https';
  return { registry, baseUrl: `${scheme}://${registry}` };
}

/** 127.0.0.0/8, ::1 and `localhost`, by name and never by looking an address up. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function hostOf(registry: string): string {
  return registry.replace(/:\d+$/, '');
}
