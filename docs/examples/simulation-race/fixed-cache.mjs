import { defer, Process } from '@keelson/process';

/** Remembers formatted prices, and forgets one when it changes; a price that was read before that is not kept. */
export class FixedCache extends Process {
  #prices = new Map();
  /** How often each price changed. */
  #changes = new Map();

  constructor({ table, formatter, journal }) {
    super('cache');
    this.table = table;
    this.formatter = formatter;
    this.journal = journal;
  }

  /** Answers the price of `sku`, from memory if it can. */
  get(sku) {
    const known = this.#prices.get(sku);
    if (known !== undefined) return known;
    return this.table
      .read(sku)
      .then((cents) => this.formatter.format(cents))
      .then(defer(this, this.#keep, sku, this.#changesOf(sku)));
  }

  /** Changes the price of `sku`; once that is answered, `get` answers the new one. */
  update(sku, cents) {
    return this.table
      .write(sku, cents)
      .then(() => this.journal.note(`${sku} costs ${cents}`))
      .then(defer(this, this.#forget, sku));
  }

  #keep(sku, changesBefore, price) {
    // What was true when the price was read need not be true now: look again.
    if (changesBefore === this.#changesOf(sku)) this.#prices.set(sku, price);
    return price;
  }

  #forget(sku) {
    this.#changes.set(sku, this.#changesOf(sku) + 1);
    this.#prices.delete(sku);
  }

  #changesOf(sku) {
    return this.#changes.get(sku) ?? 0;
  }
}
