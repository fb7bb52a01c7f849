import { defer, eventTraceOf, Process, Runtime, VirtualClock } from '@keelson/process';
import type { Future, PID, TraceRecord } from '@keelson/process';
import { expect, it } from 'vitest';

class Table extends Process<Table> {
  constructor() {
    super('table');
  }

  read(): number {
    return 1;
  }
}

class Shop extends Process<Shop> {
  constructor(private readonly table: PID<Table>) {
    super('shop');
  }

  price(): Future<number> {
    return this.table
      .read()
      .then(defer(this, () => this.table.read()))
      .then(defer(this, (cents) => this.#checked(cents)));
  }

  #checked(cents: number): number {
    if (cents === 1) throw new TypeError('too cheap');
    return cents;
  }
}

it('a continuation without a name goes by the request that it continues', () => {
  const records: TraceRecord[] = [];
  const observers = [{ record: (record: TraceRecord) => void records.push(record) }];
  const runtime = new Runtime({ clock: new VirtualClock(), observers });
  const shop = runtime.spawn(new Shop(runtime.spawn(new Table())));
  const price = shop.price();
  runtime.settle();

  const labels = (kind: string): unknown[] =>
    records.flatMap((record) => (record.kind === kind && 'label' in record ? [`${record.process} ${record.label}`] : []));
  const expected = ['shop(1) price', 'table(1) read', 'shop(1) price…', 'table(1) read', 'shop(1) price…'];
  expect(labels('queued')).toEqual(expected);
  expect(labels('begun')).toEqual(expected);
  const events = eventTraceOf(price.failure())?.events.map(({ process, label }) => `${process} ${label}`);
  expect(events).toEqual(expected.toReversed());
});

it('a function that has no name, and continues nothing, is called a function', () => {
  const records: TraceRecord[] = [];
  const observers = [{ record: (record: TraceRecord) => void records.push(record) }];
  const runtime = new Runtime({ clock: new VirtualClock(), observers });
  const table = new Table();
  runtime.spawn(table);
  defer(table, () => 1)();
  runtime.settle();
  expect(records.flatMap((each) => (each.kind === 'begun' ? [each.label] : []))).toEqual(['(function)']);
});
