/**
 * Names a container. A nested container's id is its parent's id, a dot and its own value, as Mesos prints it:
 * `web.debug` is the child `debug` of `web`. One value is 1 to 128 of `[a-zA-Z0-9_-]`, beginning with a
 * letter or digit.
 */
export type ContainerId = string;

const value = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/;

/** Whether `id` may name a container (each of its values is well formed, at most 32 of them). */
export function isContainerId(id: string): boolean {
  const values = id.split('.');
  return values.length <= 32 && values.every((part) => value.test(part));
}

/** The id of the container this one is nested in, `undefined` for a top-level one. */
export function parentOf(id: ContainerId): ContainerId | undefined {
  const dot = id.lastIndexOf('.');
  return dot < 0 ? undefined : id.slice(0, dot);
}

/** The outermost ancestor; a top-level container is its own. */
export function rootOf(id: ContainerId): ContainerId {
  const dot = id.indexOf('.');
  return dot < 0 ? id : id.slice(0, dot);
}

/** Folder of the container below a `containers` directory: `web/containers/debug`. */
export function relativePathOf(id: ContainerId): string {
  return id.split('.').join('/containers/');
}

/** The containers `id` is nested in, the nearest first. */
export function ancestorsOf(id: ContainerId): ContainerId[] {
  const parent = parentOf(id);
  return parent === undefined ? [] : [parent, ...ancestorsOf(parent)];
}
