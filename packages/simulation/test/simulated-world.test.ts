import { createHash } from 'node:crypto';
import type { Scenario } from '@keelson/simulation';
import { crashPoint, defineScenario, faults, makeSimulatedImage, runPlan, SimulatedWorld, simulate } from '@keelson/simulation';
import { describe, expect, it } from 'vitest';

const web = makeSimulatedImage([{ base: 'base' }, { web: 'web' }]);

/** Pulls an image, loses power perhaps, starts again, and expects every image that is listed to be whole. */
const pullAndRestart: Scenario = defineScenario({
  name: 'pull and restart',
  module: import.meta.url,
  run(context) {
    let world = context.world();
    world.registry.put('web', 'latest', web);
    world.provisioner.recover([]);
    const pulled = world.store.pull('registry.test/web');
    if (!world.settle()) {
      const acknowledged = pulled.isReady();
      world = context.restart(world);
      world.provisioner.recover([]);
      world.settle();
      const listed = world.metadata.images();
      world.settle();
      if (acknowledged) expect(listed.get().images).toHaveLength(1);
      for (const { layers } of listed.get().images) {
        for (const id of layers) {
          const files = world.files.list(world.storePaths.rootfs(id));
          world.settle();
          expect(files.isReady(), `layer ${id}`).toBe(true);
        }
      }
    }
    context.watch('pull', pulled);
  },
});

describe('a world in a scenario', () => {
  it('aborts a job half way, and what the job did so far stays', () => {
    const world = new SimulatedWorld({ jobFaults: [{ step: 1, errno: 'EIO' }] });
    world.registry.put('web', 'latest', web);
    void world.provisioner.recover([]);
    world.settle();
    const pulled = world.store.pull('registry.test/web');
    world.settle();

    expect(pulled.failure().message).toMatch(/was aborted before '.+': EIO$/);
    const again = world.store.pull('registry.test/web');
    world.settle();
    expect(again.isReady()).toBe(true);
  });

  it('lists whole images only, wherever the power goes', () => {
    const crash = crashPoint({ maxStep: 150 });
    expect(simulate(pullAndRestart, { crash, runs: 150, failures: false }).runs).toBe(150);
  });

  it('settles every request, whatever disk calls fail', () => {
    expect(simulate(pullAndRestart, { faults: faults({ maxCall: 60 }), runs: 100, failures: false }).runs).toBe(100);
  });

  it('runs the same way every time, to the last event', () => {
    const plan = { order: [0, 1, 3, 0, 2], crash: { step: 60, fates: ['lost', 'torn'] as const }, input: undefined };
    const hash = () => {
      const { trace, error } = runPlan(pullAndRestart, plan, { recording: true });
      expect(error).toBeUndefined();
      return createHash('sha256').update(JSON.stringify(trace)).digest('hex');
    };
    expect(new Set(Array.from({ length: 20 }, hash)).size).toBe(1);
  });
});
