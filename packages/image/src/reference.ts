import type { Digest } from './digest.js';
import { isDigest } from './digest.js';
import { ImageError } from './image-error.js';
import { quoted } from './quoted.js';

/** Where an image is asked for. `tag` and `digest` may both be given; then the digest decides. */
export interface ImageReference {
  /** Host, with a port if one was written: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** `library/mysql` */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const hub = 'docker.io';
const hubAliases = new Set(['index.docker.io', 'registry-1.docker.io']);
const longestRepository = 255;
/** A host name has at most 253 letters (RFC 1035), and a port six more. */
const longestRegistry = 259;

const name = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const registry = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]{2,45}\\])(?::[0-9]{1,5})?$`);
const repository = new RegExp(`^${name}(?:/${name})*$`);
const tag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const bareHash = /^[a-f0-9]{64}$/;

/**
 * Reads a reference as users of Docker type it and makes it whole: `mysql` is
 * `docker.io/library/mysql:latest`.
 *
 * Source: distribution `reference/normalize.go` and `reference/regexp.go`.
 * @throws ImageError INVALID_REFERENCE
 */
export function parseReference(text: string): ImageReference {
  if (text.length > 1024) throw invalid(text, 'it is longer than 1024 characters');
  const { name, tag, digest } = split(text);
  if (bareHash.test(text)) throw invalid(text, 'a bare hash names no repository');

  const { registry: host, repository: path } = normalised(name);
  if (!registry.test(host)) throw invalid(text, `${quoted(host)} is not a registry host`);
  if (host.length > longestRegistry) throw invalid(text, `its registry has over ${longestRegistry} letters`);
  if (path !== path.toLowerCase()) throw invalid(text, 'a repository is written in lower case');
  if (!repository.test(path)) throw invalid(text, `${quoted(path)} is not a repository`);
  if (path.length > longestRepository)
    throw invalid(text, `its repository has over ${longestRepository} letters`);

  const where = { registry: host, repository: path };
  if (digest === undefined) return { ...where, tag: tag ?? 'latest' };
  return tag === undefined ? { ...where, digest } : { ...where, tag, digest };
}

/**
 * The canonical text: what the store keys by. A digest hides the tag, as the digest alone decides.
 *
 * `parseReference(formatReference(reference))` is `reference`, but for a tag that a digest hides.
 */
export function formatReference(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}${suffixOf(reference)}`;
}

/**
 * The short text that people expect: `docker.io/` and `library/` go where they are implied. It reads back
 * the same.
 */
export function familiarReference(reference: ImageReference): string {
  const canonical = formatReference(reference);
  if (reference.registry !== hub) return canonical;
  const path = reference.repository.replace(/^library\/(?=[^/]+$)/, '');
  const read = normalised(path);
  // On Docker Hub too the first part of a path may look like a host: `docker.io/my.org/app` is not
  // `my.org/app`.
  const isSame = read.registry === hub && read.repository === reference.repository;
  return isSame ? `${path}${suffixOf(reference)}` : canonical;
}

function suffixOf(reference: ImageReference): string {
  return reference.digest === undefined ? `:${reference.tag ?? 'latest'}` : `@${reference.digest}`;
}

function split(text: string): { name: string; tag: string | undefined; digest: Digest | undefined } {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw invalid(text, `${quoted(digest)} is not a digest`);

  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  // A colon before the last slash belongs to the port of a registry.
  if (colon < 0 || named.indexOf('/', colon) >= 0) return { name: named, tag: undefined, digest };

  const found = named.slice(colon + 1);
  if (!tag.test(found)) throw invalid(text, `${quoted(found)} is not a tag`);
  return { name: named.slice(0, colon), tag: found, digest };
}

/**
 * Tells a host from the first part of a path as Docker does: a dot, a colon, `localhost` or an upper-case
 * letter.
 */
function normalised(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, slash);
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const host = isHost ? first : hub;
  const path = isHost ? name.slice(slash + 1) : name;
  if (host !== hub && !hubAliases.has(host)) return { registry: host, repository: path };
  return { registry: hub, repository: path.includes('/') ? path : `library/${path}` };
}

function invalid(text: string, why: string): ImageError {
  return new ImageError('INVALID_REFERENCE', `${quoted(text)} is not an image reference: ${why}`);
}
