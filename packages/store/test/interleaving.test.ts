import type { Future } from '@keelson/process';
import { Process } from '@keelson/process';
import type { Image } from '@keelson/store';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './support/memory-files.js';
import { World } from './support/world.js';

const images: Readonly<Record<string, readonly string[]>> = {
  a: ['base', 'a1', 'a2'],
  b: ['base', 'b1'],
  c: ['other', 'a1'],
};

type Step =
  | { readonly do: 'get' | 'force' | 'discard' | 'release'; readonly image: string }
  | { readonly do: 'prune' | 'turn' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom('get', 'get', 'force', 'discard', 'release'),
      image: fc.constantFrom(...Object.keys(images)),
    }),
    fc.record({ do: fc.constantFrom('prune', 'turn', 'turn') }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 14 },
);

/** What an owner was answered and has not released. */
interface Held {
  readonly owner: string;
  readonly name: string;
  readonly answer: Future<Image>;
}

/** One thread of the machine: its calls end one after another, and in any order with those of the others. */
class Thread extends Process<Thread> {
  run(act: () => Future<unknown>): Future<unknown> {
    return act();
  }
}

/** Any order of what is ready, drawn from `choices`; past their end the oldest first. */
function scenario(program: readonly Step[], choices: readonly number[]): World & { held: Held[] } {
  let drawn = 0;
  const dispatcher = { next: (ready: readonly unknown[]) => (choices[drawn++] ?? 0) % ready.length };
  const world = World.ready(new MemoryFiles(), { runtime: { dispatcher }, pruneSliceSize: 1 });
  const threads = [1, 2, 3].map(() => world.runtime.spawn(new Thread('thread')));
  let calls = 0;
  world.files.via = (act) => threads[calls++ % threads.length]!.run(act) as never;
  for (const [name, layers] of Object.entries(images)) {
    world.fakePuller.offer(`docker.io/library/${name}:latest`, layers);
  }
  const held: Held[] = [];
  program.forEach((step, index) => take(world, held, step, index));
  world.settle();
  return Object.assign(world, { held });
}

function take(world: World, held: Held[], step: Step, index: number): void {
  if (step.do === 'get' || step.do === 'force') {
    const owner = `owner ${index}`;
    held.push({
      owner,
      name: step.image,
      answer: world.store.get(step.image, { owner, cached: step.do === 'get' }),
    });
  } else if (step.do === 'discard') {
    held.find(({ name }) => name === step.image)?.answer.discard();
  } else if (step.do === 'release') {
    const at = held.findIndex(({ name }) => name === step.image);
    if (at >= 0) void world.store.release(held.splice(at, 1)[0]!.owner);
  } else if (step.do === 'prune') {
    void world.store.prune([], []);
  } else {
    // What was asked so far runs to its end before the next request comes.
    world.settle();
  }
}

const orders = fc.array(fc.nat(6), { maxLength: 300 });

describe('pulls, launches and prunes in any order', () => {
  it('keep what is held and what is listed, and leave nothing else behind', () => {
    fc.assert(
      fc.property(steps, orders, (program, choices) => {
        const world = scenario(program, choices);

        // No layer that an owner was told of and still holds is gone.
        for (const { answer } of world.held) {
          expect(answer.isPending()).toBe(false);
          if (!answer.isReady()) continue;
          for (const { rootfs } of answer.get().layers) expect(world.files.nodes.has(rootfs)).toBe(true);
        }
        // Every listed image is whole; the store knows what is on disk, and that alone is there.
        const onDisk = new Set(world.layersOnDisk());
        for (const image of world.value(world.metadata.images()).images) {
          expect(image.layers.filter((id) => !onDisk.has(id))).toEqual([]);
        }
        const known = world.value(world.store.layers()).map((layer) => layer.id);
        expect(known.toSorted()).toEqual([...onDisk].toSorted());
        expect(world.leftovers()).toEqual([]);
        expect(world.files.names(world.paths.quarantine)).toEqual([]);

        // Once nobody holds anything, one prune takes it all.
        for (const { owner } of world.held) world.value(world.store.release(owner));
        world.value(world.store.prune([], []));
        expect(world.layersOnDisk()).toEqual([]);
        expect(world.leftovers()).toEqual([]);
        expect(world.value(world.store.roots())).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
