/**
 * What clients were told, and so may rely on. What was asked and not answered may have happened or not: the first look
 * after a restart decides.
 */
export class Model {
  /** By id: `{ image, launcher, code, pid, promised, doomed, gone }`. */
  containers = new Map();
  /** References that a pull was acknowledged for with no prune at the same time or since. */
  promisedImages = new Set();
  pinned = new Set();
  #prunes = 0;

  /** A container that runs for ever, or ends with `code`. Known before it is asked for: its fate is open until then. */
  launching(id, facts) {
    this.containers.set(id, { ...facts, id, promised: false, doomed: false, gone: false });
  }

  launched(id) {
    this.containers.get(id).promised = true;
  }

  /** Somebody wants its end; from now on nothing about it is promised. */
  doom(id) {
    this.containers.get(id).doomed = true;
  }

  removed(id) {
    this.containers.get(id).gone = true;
  }

  /** Marks for `pulled`, taken before the pull is asked for. */
  mark() {
    return this.#prunes;
  }

  pulled(reference, mark) {
    if (mark === this.#prunes && !this.pruning) this.promisedImages.add(reference);
  }

  /** By reference: unpins that were asked for, and those still at work. Either leaves open which came last. */
  #unpins = new Map();

  pinMark(reference) {
    return this.#unpinsOf(reference).asked;
  }

  pinnedSince(reference, mark) {
    const { asked, open } = this.#unpinsOf(reference);
    if (asked === mark && open === 0) this.pinned.add(reference);
  }

  unpinBegins(reference) {
    this.pinned.delete(reference);
    const unpins = this.#unpinsOf(reference);
    unpins.asked += 1;
    unpins.open += 1;
  }

  unpinEnds(reference) {
    this.#unpinsOf(reference).open -= 1;
  }

  #unpinsOf(reference) {
    if (!this.#unpins.has(reference)) this.#unpins.set(reference, { asked: 0, open: 0 });
    return this.#unpins.get(reference);
  }

  pruning = 0;

  pruneBegins() {
    this.#prunes += 1;
    this.pruning += 1;
    this.promisedImages.clear();
  }

  pruneEnds() {
    this.pruning -= 1;
  }

  /** Those that were acknowledged and that nobody asked an end of. */
  get kept() {
    return [...this.containers.values()].filter(({ promised, doomed, gone }) => promised && !doomed && !gone);
  }

  /** Containers a client may ask something of. */
  get addressable() {
    return [...this.containers.values()].filter(({ promised, gone }) => promised && !gone);
  }

  /** What the agent lists after a restart is what is true; what was unsure is settled by it. */
  settle(listed) {
    const states = new Map(listed.map(({ id, state }) => [id, state]));
    for (const [id, each] of this.containers) {
      if (!states.has(id)) this.containers.delete(id);
      else Object.assign(each, { promised: true, ...((each.doomed || !each.promised) && { loose: true }) });
    }
    this.pruning = 0;
    for (const unpins of this.#unpins.values()) unpins.open = 0;
  }
}
