import { isAbsolute, join } from 'node:path';

/** Schemes whose images lie in a file or folder of this machine. */
const local = /^(oci|oci-archive|docker-archive):(.+)$/s;

/** An image as the caller named it, with a relative path made absolute: an agent has a working directory of its own. */
export function absoluteSource(reference: string, workingDirectory: string): string {
  const [, scheme, path] = local.exec(reference) ?? [];
  if (scheme === undefined || path === undefined || isAbsolute(path)) return reference;
  return `${scheme}:${join(workingDirectory, path)}`;
}

/** Names of images that are here, which may be those of the files or folders they came from. */
export function absoluteSources(names: readonly string[], workingDirectory: string): string[] {
  return names.map((name) => absoluteSource(name, workingDirectory));
}
