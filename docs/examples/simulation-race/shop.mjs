/** The processes around the cache: where prices come from, and who else is told of a change. */
import { Process } from '@keelson/process';

/** Prices in cents. */
export class Table extends Process {
  rows = new Map([['tea', 300]]);

  constructor() {
    super('table');
  }

  read(sku) {
    return this.rows.get(sku);
  }

  write(sku, cents) {
    this.rows.set(sku, cents);
  }
}

/** Makes a price out of cents. */
export class Formatter extends Process {
  constructor() {
    super('formatter');
  }

  format(cents) {
    return `${(cents / 100).toFixed(2)} EUR`;
  }
}

/** Keeps what changed, before anybody relies on it. */
export class Journal extends Process {
  constructor() {
    super('journal');
  }

  note() {}
}
