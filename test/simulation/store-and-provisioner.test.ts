import { crashPoint, runOrder } from '@keelson/simulation';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ask,
  command,
  expectContainersWhole,
  expectListedImagesWhole,
  expectNoGarbageAfterPrune,
  nameOf,
  startWorld,
} from './scenario.js';

const commands = () => fc.array(command(), { minLength: 1, maxLength: 8 });
const runs = Number(process.env['KEELSON_RUNS'] ?? 300);

describe('the store and the provisioner, in any order', () => {
  it('keep every container and image whole, settle everything, and leave no garbage (P1, P2, P4, P5)', () => {
    fc.assert(
      fc.property(commands(), runOrder(), (wanted, order) => {
        const world = startWorld({ order });
        const recovered = world.provisioner.recover([]);
        expect(world.settle()).toBe(true);
        expect(recovered.toString()).toBe('Ready');

        const asked = ask(world, wanted);
        expect(world.settle()).toBe(true);

        const unsettled = asked.filter(({ answer }) => answer.isPending());
        expect(unsettled).toEqual([]);
        expectListedImagesWhole(world);
        const left = expectContainersWhole(world);
        for (const id of left.toSorted().toReversed()) void world.provisioner.destroy(id);
        expect(world.settle()).toBe(true);
        expectNoGarbageAfterPrune(world);
      }),
      { numRuns: runs },
    );
  });

  it('never mark a layer before recovery is finished (P9)', () => {
    fc.assert(
      fc.property(runOrder(), (order) => {
        const first = startWorld();
        first.provisioner.recover([]);
        first.store.pull(nameOf('web'));
        first.settle();
        const world = startWorld({ order, disk: first.disk, registry: first.registry });

        const pruned = world.provisioner.pruneImages([]);
        world.provisioner.recover([]);
        expect(world.settle()).toBe(true);

        if (pruned.isFailed()) expect((pruned.failure() as { code?: string }).code).toBe('NOT_RECOVERED');
        expectListedImagesWhole(world);
      }),
      { numRuns: runs },
    );
  });

  it('survive a crash at any step: what was acknowledged is there, what is listed is whole (P2, P3, P4)', () => {
    fc.assert(
      fc.property(commands(), runOrder(), crashPoint({ maxStep: 600 }), (wanted, order, crash) => {
        const world = startWorld({ order, crashAt: crash.step });
        const recovered = world.provisioner.recover([]);
        world.settle();
        const asked = ask(world, wanted);
        world.settle();
        const provisioned = asked.filter(({ command: each, answer }) => each.kind === 'provision' && answer.isReady());
        const destroyed = asked.filter(({ command: each }) => each.kind === 'destroy');
        expect(recovered.isFailed()).toBe(false);

        const next = world.restart(crash.fates);
        const ids = provisioned.map(({ command: each }) => (each as { id: string }).id);
        const again = next.provisioner.recover([...new Set(ids)]);
        expect(next.settle()).toBe(true);
        expect(again.toString()).toBe('Ready');

        expectListedImagesWhole(next);
        const known = expectContainersWhole(next);
        if (destroyed.length === 0) for (const id of ids) expect(known).toContain(id);
        for (const id of known.toSorted().toReversed()) void next.provisioner.destroy(id);
        expect(next.settle()).toBe(true);
        expectNoGarbageAfterPrune(next);
      }),
      { numRuns: runs },
    );
  });

  it('pull once whatever the number of askers, and harm nobody by discarding one (P7)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.nat(5), runOrder(), (askers, discarded, order) => {
        const world = startWorld({ order });
        world.provisioner.recover([]);
        world.settle();

        const answers = Array.from({ length: askers }, () => world.store.pull(nameOf('web')));
        answers[discarded]?.discard();
        expect(world.settle()).toBe(true);

        answers.forEach((answer, index) => {
          if (index !== discarded) expect(answer.toString()).toBe('Ready');
        });
        const blobs = world.registry.blobRequests;
        expect(new Set(blobs).size).toBe(blobs.length);
        expect(blobs).toHaveLength(3);
      }),
      { numRuns: runs },
    );
  });
});
