import type { Dispatcher, Future } from '@keelson/process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SimulatedProvisioner } from './support/simulated-provisioner.js';
import { docker, recoveredProvisioner } from './support/simulated-provisioner.js';

const ids = ['web', 'web.debug', 'web.debug.deep', 'db'];
const gates = ['get alpine', 'get busybox', 'prune', 'backend provision', 'backend destroy'] as const;

type Step =
  | { readonly kind: 'provision'; readonly id: string; readonly image: string }
  | { readonly kind: 'destroy'; readonly id: string }
  | { readonly kind: 'prune'; readonly excluded: readonly string[] }
  | { readonly kind: 'open' | 'close'; readonly gate: (typeof gates)[number] }
  | { readonly kind: 'discard' }
  | { readonly kind: 'settle' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('provision' as const),
    id: fc.constantFrom(...ids),
    image: fc.constantFrom('alpine', 'busybox'),
  }),
  fc.record({ kind: fc.constant('destroy' as const), id: fc.constantFrom(...ids) }),
  fc.record({ kind: fc.constant('prune' as const), excluded: fc.subarray(['alpine', 'busybox']) }),
  fc.record({ kind: fc.constantFrom('open' as const, 'close' as const), gate: fc.constantFrom(...gates) }),
  fc.record({ kind: fc.constant('discard' as const) }),
  fc.record({ kind: fc.constant('settle' as const) }),
);

/** Takes whatever the vector says next; past its end first come first served. */
function dispatcherOf(decisions: readonly number[]): Dispatcher {
  let at = 0;
  return { next: (ready) => (decisions[at++] ?? 0) % ready.length };
}

function gate({ store, backend }: SimulatedProvisioner, kind: 'open' | 'close', name: string): void {
  if (!name.startsWith('backend ')) store[kind](name);
  else backend[kind](name === 'backend provision' ? 'provision' : 'destroy');
}

function run(simulated: SimulatedProvisioner, steps: readonly Step[]): Future<unknown>[] {
  const { runtime, provisioner } = simulated;
  const asked: Future<unknown>[] = [];
  for (const now of steps) {
    if (now.kind === 'provision') asked.push(provisioner.provision(now.id, docker(now.image)));
    else if (now.kind === 'destroy') asked.push(provisioner.destroy(now.id));
    else if (now.kind === 'prune') asked.push(provisioner.pruneImages(now.excluded.map(docker)));
    else if (now.kind === 'discard') asked.at(-1)?.discard();
    else if (now.kind === 'settle') runtime.settle();
    else gate(simulated, now.kind, now.gate);
  }
  for (const name of gates) gate(simulated, 'open', name);
  runtime.settle();
  return asked;
}

describe('provisioner, whatever is asked in whatever order', () => {
  it('leaves nothing waiting, and no root behind', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.array(fc.nat(7), { maxLength: 60 }), (steps, decisions) => {
        const simulated = recoveredProvisioner({}, {}, dispatcherOf(decisions));

        const asked = run(simulated, steps);

        expect(asked.filter((future) => future.isPending()).map(String)).toEqual([]);
        expect([...simulated.store.roots]).toEqual([]);
      }),
    );
  });

  it('never prunes a layer under a root filesystem that stands or is being made', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.array(fc.nat(7), { maxLength: 60 }), (steps, decisions) => {
        const simulated = recoveredProvisioner({}, {}, dispatcherOf(decisions));
        const { store, backend } = simulated;
        const unprotected: string[] = [];
        store.onPrune = (activeLayers) => {
          const missing = backend.layersUnderfoot().filter((layer) => !activeLayers.includes(layer));
          unprotected.push(...missing);
        };

        run(simulated, steps);

        expect(unprotected).toEqual([]);
      }),
    );
  });
});
