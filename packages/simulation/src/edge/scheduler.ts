import type * as fc from 'fast-check';
import { runOrder } from '../arbitraries.js';
import type { RunOrderOptions } from '../arbitraries.js';
import { DecisionVector } from '../dispatchers/decision-vector.js';
import { SchedulerAdapter } from './scheduler-adapter.js';

/**
 * In place of `fc.scheduler()`: the same interface, with orders that shrink to the choice that matters. A failing
 * one prints what ran, in order.
 */
export function scheduler<M = unknown>(
  options: RunOrderOptions & { readonly act?: fc.SchedulerAct } = {},
): fc.Arbitrary<SchedulerAdapter<M>> {
  return runOrder(options).map((order) => new SchedulerAdapter<M>(new DecisionVector(order), options.act));
}
