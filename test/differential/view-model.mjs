/**
 * A rough model of what the layers so far show, by which stacks are generated that mostly make sense: links to files that
 * are there, whiteouts of what is below, no file below a file. What is right is not decided here.
 */
export class ViewModel {
  #root = { type: '5', names: new Map(), layer: 0 };
  #layer = -1;

  beginLayer() {
    this.#layer += 1;
  }

  /** Whether the entry can be made: its folder is a folder, a hard link's target a file, and it does not replace the root. */
  takes(entry) {
    const path = withoutSlash(entry.name);
    const folder = this.#walk(folderOf(path), false);
    if (folder === undefined) return false;
    if (entry.type !== '1') return true;
    const target = this.#lookUp(entry.linkName);
    const own = folder.names?.get(nameOf(path));
    // A link over itself, or over another name of the same file, is left out.
    return target !== undefined && !'25'.includes(target.type) && own !== target && own?.inode !== target.inode;
  }

  add(entry) {
    const path = withoutSlash(entry.name);
    if (entry.hides !== undefined) return this.#hide(entry.hides);
    if (entry.covers !== undefined) return this.#cover(this.#walk(entry.covers, true));
    const folder = this.#walk(folderOf(path), true);
    const name = nameOf(path);
    if (name === '' || name === '.') return undefined;
    const own = folder.names.get(name);
    if (entry.type === '5' && own?.type === '5') return void (own.layer = this.#layer);
    const inode = entry.type === '1' ? this.#lookUp(entry.linkName).inode : Symbol(path);
    const type = entry.type === '1' ? this.#lookUp(entry.linkName).type : entry.type;
    const target = entry.type === '2' ? entry.linkName : undefined;
    folder.names.set(name, { type, target, inode, layer: this.#layer, ...(type === '5' && { names: new Map() }) });
    return undefined;
  }

  /** Every path but the root's; none of them leads over a link. */
  paths(wanted = () => true) {
    const found = [];
    const visit = (node, path) => {
      for (const [name, child] of node.names) {
        const below = path === '' ? name : `${path}/${name}`;
        if (wanted(child)) found.push(below);
        if (child.type === '5') visit(child, below);
      }
    };
    visit(this.#root, '');
    return found;
  }

  files() {
    return this.paths(({ type }) => type === '0' || type === '6' || type === '3');
  }

  folders() {
    return this.paths(({ type }) => type === '5');
  }

  below() {
    return this.paths(({ layer }) => layer < this.#layer);
  }

  #lookUp(path) {
    return this.#walk(folderOf(path), false)?.names?.get(nameOf(path));
  }

  #hide(path) {
    const names = this.#walk(folderOf(path), false)?.names;
    if (names?.get(nameOf(path))?.layer < this.#layer) names.delete(nameOf(path));
  }

  #cover(folder) {
    for (const [name, child] of folder.names) if (child.layer < this.#layer) folder.names.delete(name);
  }

  /** The folder a path leads to; what is missing on the way is made, or taken for an empty folder. */
  #walk(path, make) {
    const stack = [this.#root];
    const pending = path.split('/').toReversed();
    for (let links = 0; pending.length > 0;) {
      const name = pending.pop();
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (stack.length > 1) stack.pop();
        continue;
      }
      const names = stack.at(-1).names;
      const next = names.get(name) ?? { type: '5', names: new Map(), layer: this.#layer, inode: Symbol(name) };
      if (next.type === '2') {
        if (++links > 10) return undefined;
        if (next.target.startsWith('/')) stack.length = 1;
        pending.push(...next.target.split('/').toReversed());
        continue;
      }
      if (next.type !== '5') return undefined;
      if (make) names.set(name, next);
      stack.push(next);
    }
    return stack.at(-1);
  }
}

function withoutSlash(name) {
  return name.replace(/^\.\//, '').replace(/\/+$/, '');
}

function folderOf(path) {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function nameOf(path) {
  return path.slice(path.lastIndexOf('/') + 1);
}
