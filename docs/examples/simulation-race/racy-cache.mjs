import { defer, Process } from '@keelson/process';

/**
 * Remembers formatted prices, and forgets one when it changes.
 *
 * It looks right: prices are kept in the process's own turn, and every change forgets what was kept. It is not.
 */
export class RacyCache extends Process {
  #prices = new Map();

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
      .then(defer(this, this.#keep, sku));
  }

  /** Changes the price of `sku`; once that is answered, `get` answers the new one. */
  update(sku, cents) {
    return this.table
      .write(sku, cents)
      .then(() => this.journal.note(`${sku} costs ${cents}`))
      .then(defer(this, this.#forget, sku));
  }

  #keep(sku, price) {
    this.#prices.set(sku, price);
    return price;
  }

  #forget(sku) {
    this.#prices.delete(sku);
  }
}
