const now = () => performance.timeOrigin + performance.now();

/**
 * Who needed what, and when: what the registry sent and what prunes took, so that a blob that was sent twice can be
 * told from one that had gone in between.
 */
export class Ledger {
  /** By blob: when it was sent. */
  #fetches = new Map();
  /** By layer: the prunes that took it, from when to when they may have. */
  #removals = new Map();
  faults = [];
  counts = { pulls: 0, provisions: 0, destroys: 0, prunes: 0, imagesRemoved: 0, layersRemoved: 0, fetches: 0 };

  constructor(images) {
    this.layersOf = new Map();
    for (const { layers } of images) {
      for (const { id, blob } of layers) this.layersOf.set(blob, (this.layersOf.get(blob) ?? new Set()).add(id));
    }
  }

  fault(what) {
    this.faults.push(what);
    if (this.faults.length <= 20) console.log(`WRONG: ${what}`);
  }

  fetched({ blob, status, atMs }) {
    if (status !== 200 || !this.layersOf.has(blob)) return;
    this.counts.fetches += 1;
    this.#fetches.set(blob, [...(this.#fetches.get(blob) ?? []), atMs]);
  }

  /** Runs a prune and notes what it took. */
  async pruned(prune) {
    const fromMs = now();
    const report = await prune();
    const untilMs = now();
    this.counts.prunes += 1;
    this.counts.imagesRemoved += report.removed.images.length;
    this.counts.layersRemoved += report.removed.layers.length;
    for (const { object, why } of report.skipped) this.fault(`${object} could not be moved: ${why}`);
    for (const { id } of report.removed.layers) {
      this.#removals.set(id, [...(this.#removals.get(id) ?? []), { fromMs, untilMs }]);
    }
  }

  /** Blobs that were sent again though no prune had taken a layer made of them since. */
  judgeFetches() {
    for (const [blob, times] of this.#fetches) {
      const removals = [...this.layersOf.get(blob)].flatMap((id) => this.#removals.get(id) ?? []);
      for (let at = 1; at < times.length; at += 1) {
        const [before, again] = [times[at - 1], times[at]];
        if (removals.some(({ fromMs, untilMs }) => fromMs <= again && untilMs >= before)) continue;
        this.fault(`${blob} was fetched again after ${Math.round(again - before)} ms, though nothing had taken it`);
      }
    }
  }
}
