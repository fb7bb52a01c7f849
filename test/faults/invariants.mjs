import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import hashTree from '../../packages/store/dist/workers/hash-tree.js';

/** An invariant that does not hold, and where. */
export class Broken extends Error {
  name = 'Broken';
}

export function check(holds, what) {
  if (!holds) throw new Broken(typeof what === 'function' ? what() : what);
}

/** A tree as one text; `undefined` where there is none. */
export async function digestOfTree(path) {
  return existsSync(path) ? (await hashTree({ path })).digest : undefined;
}

/** What a quiet agent has: digests of layers by id, of root filesystems by container, images by name. */
export async function contentsOf(agent) {
  const { images } = await agent.ask(({ metadata }) => metadata.images());
  const layers = await agent.ask(({ store }) => store.layers());
  const containers = await agent.ask(({ containerizer }) => containerizer.containers());
  const trees = await Promise.all(layers.map(async ({ id }) => [id, await digestOfTree(agent.storePaths.rootfs(id))]));
  const standing = containers.filter(({ state }) => state === 'PROVISIONED');
  const roots = await Promise.all(standing.map(async ({ id, rootfs }) => [id, await contentsBelow(rootfs)]));
  return {
    images: new Map(images.map((image) => [image.reference, image])),
    layers: new Map(layers.map((record) => [record.id, record])),
    trees: new Map(trees),
    roots: new Map(roots),
  };
}

/** Names and contents of a root filesystem: its directories are made when it is provisioned, so times differ. */
async function contentsBelow(path) {
  const hash = createHash('sha256');
  const walk = (at) => {
    for (const entry of readdirSync(at, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      hash.update(`${entry.name}\0`);
      if (entry.isDirectory()) walk(join(at, entry.name));
      else if (entry.isFile()) hash.update(readFileSync(join(at, entry.name)));
    }
  };
  walk(path);
  return hash.digest('hex');
}

/**
 * 2, 5, 7: every listed image re-hashes whole; layers are those of a clean pull; every container stands on its layers
 * and shows its image.
 */
export function everythingIsWhole({ images, layers, trees, roots }, clean) {
  for (const [id, { rootfsDigest }] of layers) {
    check(trees.get(id) === rootfsDigest, `layer ${id} does not hash to what is on record`);
    const wanted = clean.trees.get(id);
    check(wanted === undefined || trees.get(id) === wanted, `layer ${id} is not that of a clean pull`);
  }
  for (const { reference, layers: needed } of images.values()) {
    for (const id of needed) check(layers.has(id), `${reference} is listed without its layer ${id}`);
  }
  const whole = new Set(clean.roots.values());
  for (const [id, content] of roots) check(whole.has(content), `the root filesystem of ${id} is not that of its image`);
}

/** 6: one prune leaves nothing. */
export function nothingIsLeft(root, { quarantine }) {
  const store = join(root, 'store/docker');
  for (const folder of ['staging', 'gc', 'layers', ...(quarantine ? [] : ['quarantine'])]) {
    const left = readdirSync(join(store, folder));
    check(left.length === 0, () => `${folder}/ holds ${left}`);
  }
  const folders = ['provisioner/containers', 'runtime/containers', 'sandboxes'].map((name) => join(root, name));
  for (const folder of folders.filter(existsSync)) {
    const left = readdirSync(folder);
    check(left.length === 0, () => `${folder} holds ${left}`);
  }
  const temporary = readdirSync(store).filter((name) => name.startsWith('.tmp-'));
  check(temporary.length === 0, () => `the store holds ${temporary}`);
}

/**
 * 8: what this process has open below `root`, by descriptor. Lives that were killed in this process leave theirs, which
 * the kernel would have closed; so what counts is what a life adds.
 */
export function openFiles(root) {
  const found = new Map();
  for (const descriptor of readdirSync('/proc/self/fd')) {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      if (path.startsWith(root)) found.set(descriptor, path);
    } catch {
      // The one with which we looked.
    }
  }
  return found;
}

/** Paths of what is open now and was not in `before`. */
export function newlyOpen(root, before) {
  return [...openFiles(root)].filter(([descriptor]) => !before.has(descriptor)).map(([, path]) => path);
}

/** 10: an error says what failed: by its code, in its message, or in its causes. */
export function errorTells(error, errno) {
  const texts = [];
  for (let each = error; each instanceof Error && texts.length < 10; each = each.cause) texts.push(each.code, each.message);
  return texts.some((text) => typeof text === 'string' && text.includes(errno));
}
