import { BlockList, isIP } from 'node:net';

/** Which proxy stands between us and a server. */
export interface ProxySettings {
  /** For http servers, and for https servers. `http://[USER:PASSWORD@]HOST[:PORT]`. */
  readonly http?: string;
  readonly https?: string;
  /**
   * Servers to be reached directly, separated by commas: `example.com`, `.example.com`, `host:port`, addresses,
   * networks (`10.0.0.0/8`), or `*` for all.
   */
  readonly none?: string;
}

/**
 * As most programs have it: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, of which the lower-case ones
 * win.
 */
export function proxySettingsOf(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const value = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name] || undefined;
  const all = value('ALL_PROXY');
  // In a CGI program HTTP_PROXY is a header of the request (CVE-2016-5385).
  const http = (environment['REQUEST_METHOD'] === undefined ? value('HTTP_PROXY') : undefined) ?? all;
  const https = value('HTTPS_PROXY') ?? all;
  const none = value('NO_PROXY');
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) };
}

/**
 * The proxy for `url`, or none. The loopback interface is never reached through one.
 *
 * @throws TypeError  the proxy's address is no http address; the message does not tell it
 */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const text = url.protocol === 'https:' ? settings.https : settings.http;
  if (text === undefined || isDirect(url, settings.none ?? '')) return undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy?.protocol !== 'http:') throw new TypeError(`the proxy for ${url.protocol}// is no http address`);
  return proxy;
}

function isDirect(url: URL, none: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)) return true;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return none
    .split(/[\s,]+/)
    .filter((rule) => rule !== '')
    .some((rule) => matches(rule.toLowerCase(), host, port));
}

function matches(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  if (isIP(host) !== 0) return matchesAddress(rule, host);
  const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(rule) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const suffix = name.replace(/^\*?\./, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

function matchesAddress(rule: string, address: string): boolean {
  const [network = '', bits] = rule.split('/');
  const family = isIP(network);
  if (family !== isIP(address) || family === 0) return rule === address;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const width = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
  if (!Number.isInteger(width) || width < 0 || width > (family === 4 ? 32 : 128)) return false;
  list.addSubnet(network, width, type);
  return list.check(address, type);
}
