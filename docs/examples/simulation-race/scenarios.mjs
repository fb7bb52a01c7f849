import { defineScenario } from '@keelson/simulation';
import { FixedCache } from './fixed-cache.mjs';
import { RacyCache } from './racy-cache.mjs';
import { Formatter, Journal, Table } from './shop.mjs';

/** Two requests at once; when all is quiet, the cache must say what the table says. */
function askAndUpdate(context, Cache) {
  const runtime = context.runtime();
  const [table, formatter, journal] = [new Table(), new Formatter(), new Journal()].map((each) => runtime.spawn(each));
  const cache = runtime.spawn(new Cache({ table, formatter, journal }));
  context.settle();

  context.offer('customer asks', () => context.watch('get', cache.get('tea')));
  context.offer('owner raises the price', () => context.watch('update', cache.update('tea', 350)));
  context.settle();

  const price = cache.get('tea');
  context.settle();
  if (price.get() !== '3.50 EUR') throw new Error(`the price was raised to 3.50 EUR, and the cache says ${price.get()}`);
}

export const racy = defineScenario({
  name: 'racy cache',
  module: import.meta.url,
  run: (context) => askAndUpdate(context, RacyCache),
});

export const fixed = defineScenario({
  name: 'fixed cache',
  module: import.meta.url,
  run: (context) => askAndUpdate(context, FixedCache),
});
