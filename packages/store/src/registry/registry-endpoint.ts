import type { RegistryAccess } from './credential.js';

/** Where a registry is spoken to. */
export interface RegistryEndpoint {
  /** For example `https://registry-1.docker.io`, without a slash at the end. */
  readonly baseUrl: string;
  /** As references and credential files write it. Of a mirror it is the mirror's own name. */
  readonly registry: string;
  /** Hosts of token services that may see this registry's credentials, beside its own. */
  readonly tokenHosts: readonly string[];
}

/** One repository at one endpoint, and who asks: tokens are by these. */
export interface RegistryRepository extends RegistryEndpoint {
  readonly repository: string;
  readonly access: RegistryAccess;
}

/** What is configured for one registry. */
export interface RegistrySettings {
  /** Asked before the registry itself, in this order: `HOST[:PORT][/PREFIX]`. */
  readonly mirrors?: readonly string[];
  /** Plain http. Also for the mirrors that are not on the loopback interface. */
  readonly insecure?: boolean;
  /** Token services on other hosts that may see the credentials of this registry. */
  readonly tokenHosts?: readonly string[];
}

/** By registry, as references write it: `docker.io`, `registry.example.com:5000`. */
export type RegistriesSettings = Readonly<Record<string, RegistrySettings>>;

/** Of Docker Hub alone the parts have different hosts. */
const hubTokenHosts = ['auth.docker.io'];

/**
 * Where `repository` of `registry` is asked for: its mirrors, then itself.
 *
 * Docker Hub answers under another name than its references carry. Registries on the loopback interface speak
 * plain http by rule; others only if `insecure` says so.
 */
export function endpointsOf(
  registry: string,
  repository: string,
  settings: RegistrySettings = {},
  insecure = false,
): readonly (RegistryEndpoint & { readonly repository: string })[] {
  const { mirrors = [], insecure: plain = false, tokenHosts = [] } = settings;
  const own =
    registry === 'docker.io'
      ? { registry, baseUrl: 'https://registry-1.docker.io', tokenHosts: [...hubTokenHosts, ...tokenHosts] }
      : { ...endpointAt(registry, plain || insecure), tokenHosts };
  return [
    ...mirrors.map((mirror) => {
      const [host = '', ...prefix] = mirror.split('/');
      return { ...endpointAt(host, plain), tokenHosts: [], repository: [...prefix, repository].join('/') };
    }),
    { ...own, repository },
  ];
}

function endpointAt(host: string, insecure: boolean): Pick<RegistryEndpoint, 'baseUrl' | 'registry'> {
  const scheme = insecure || isLoopback(host.replace(/:\d+$/, '')) ? 'http' : 'https';
  return { registry: host, baseUrl: `${scheme}://${host}` };
}

/** 127.0.0.0/8, ::1 and `localhost`, by name and never by looking an address up. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
