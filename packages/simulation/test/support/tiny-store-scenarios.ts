import type { Scenario, SimulationContext } from '@keelson/simulation';
import { defineScenario } from '@keelson/simulation';
import { TinyPuller, TinyStore } from './tiny-store.js';

export type TinyCommand = 'get' | 'prune';

/** Fails where `get` and `prune` race: a rooted name must have its layer once all is quiet. */
export const racyStore: Scenario<readonly TinyCommand[]> = defineScenario({
  name: 'racy tiny store',
  module: import.meta.url,
  run: (context) => runStore(context, false),
});

/** The same program, roots first. */
export const fixedStore: Scenario<readonly TinyCommand[]> = defineScenario({
  name: 'fixed tiny store',
  module: import.meta.url,
  run: (context) => runStore(context, true),
});

function runStore(context: SimulationContext<readonly TinyCommand[]>, fixed: boolean): void {
  const runtime = context.runtime();
  const process = new TinyStore(runtime.spawn(new TinyPuller()), fixed);
  const store = runtime.spawn(process);
  for (const command of context.input) {
    if (command === 'get') context.offer('ask get', () => void context.watch('get', store.get('a')));
    else context.offer('ask prune', () => void store.prune());
  }
  context.settle();
  for (const name of process.roots.keys()) {
    if (!process.layers.has(name)) throw new Error(`${name} is rooted, and its layer is gone`);
  }
}
