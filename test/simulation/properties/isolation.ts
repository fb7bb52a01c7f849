import fc from 'fast-check';
import { agentCommands, offerToAgent } from '../agent-command.js';
import type { AgentLifeOptions } from '../agent-world.js';
import { AgentLife, configOf } from '../agent-world.js';
import { check, checkEqual } from '../check.js';
import { namesAt } from '../disk-view.js';
import { nothingIsLeft } from '../oracles.js';
import { anyOrder } from '../order.js';
import { property } from '../property.js';
import { IsolatedAspects, RecordingIsolator } from '../recording-isolator.js';

/** An agent with three isolators over `aspects`. */
function isolated(aspects: IsolatedAspects, options: AgentLifeOptions = {}): AgentLifeOptions {
  const isolators: AgentLifeOptions['isolators'] = (runtime, files) =>
    Array.from({ length: aspects.count }, (_, index) => runtime.spawn(new RecordingIsolator(aspects, index, files)));
  return { ...options, isolators };
}

export const isolatorsInOrder = property({
  name: 'P8 isolators prepare in order and clean up in reverse, whichever fails and whenever the agent is killed',
  inputs: () =>
    fc.record({
      wanted: agentCommands(6),
      order: anyOrder(),
      crash: fc.nat(500),
      failing: fc.dictionary(fc.constantFrom('prepare 0', 'prepare 1', 'prepare 2', 'cleanup 0', 'cleanup 2'), fc.integer({ min: 1, max: 2 }), {
        maxKeys: 2,
      }),
    }),
  run: ({ wanted, order, crash, failing }) => {
    const aspects = new IsolatedAspects(3);
    const life = new AgentLife(isolated(aspects, { order, crashAt: crash }));
    if (life.start()) {
      for (const [call, times] of Object.entries(failing)) aspects.failing.set(call, times);
      offerToAgent(life, wanted);
      life.settleOver(10_000);
    }
    const next = life.nextAgent('agent killed', isolated(aspects, { order }));
    check(next.start(), 'P8: the start after a kill fails');
    next.settleOver(10_000);
    const living = next.now(next.containerizer.containers()).filter(({ state }) => state === 'RUNNING');
    checkEqual(aspects.all, living.map(({ id }) => id).toSorted(), 'P8: held by isolators, and running');
    endEverything(next);
    checkEqual(aspects.all, [], 'P8: held by isolators after everything ended');
    checkEqual(aspects.violations, [], 'P8: order of isolators');
    nothingIsLeft(next);
  },
});

export const refusedLaunchLeavesNothing = property({
  name: 'P8 a launch that the k-th isolator refuses fails with its reason, and leaves nothing of the others',
  inputs: () => fc.record({ refusing: fc.nat(2), order: anyOrder() }),
  runs: 60,
  run: ({ refusing, order }) => {
    const aspects = new IsolatedAspects(3);
    const life = new AgentLife(isolated(aspects, { order }));
    life.start();
    aspects.failing.set(`prepare ${refusing}`, 1);
    const launched = life.containerizer.launch('c1', configOf('web', undefined));
    life.settle();
    check(launched.isFailed() && launched.failure().message === `prepare ${refusing} fails`, () => `P8: ${launched.toString()}`);
    checkEqual(aspects.all, [], 'P8: held after a refused launch');
    checkEqual(aspects.violations, [], 'P8: order of isolators');
    checkEqual(life.now(life.containerizer.containers()), [], 'P8: containers after a refused launch');
    nothingIsLeft(life);
  },
});

export const killedLaunchIsUndone = property({
  name: 'P8 what isolators did for a launch is undone by the next agent, at whichever step the first was killed',
  inputs: () => fc.record({ crash: fc.integer({ min: 60, max: 330 }), order: anyOrder() }),
  runs: 200,
  run: ({ crash, order }) => {
    const aspects = new IsolatedAspects(3);
    const life = new AgentLife(isolated(aspects, { order, crashAt: crash }));
    if (life.start()) {
      life.containerizer.launch('c1', configOf('web', undefined));
      life.settle();
    }
    const next = life.nextAgent('agent killed', isolated(aspects, { order }));
    check(next.start(), 'P8: the start after a kill fails');
    const living = next.now(next.containerizer.containers()).filter(({ state }) => state === 'RUNNING');
    checkEqual(aspects.all, living.map(({ id }) => id), 'P8: held by isolators, and running');
    checkEqual(aspects.violations, [], 'P8: order of isolators');
  },
});

export const destroysAreRetried = property({
  name: 'P5 a destroy that fails is shown, tried again by itself, and ends as it was begun (T32)',
  inputs: () => fc.record({ failing: fc.nat(2), times: fc.integer({ min: 1, max: 5 }), order: anyOrder(), exits: fc.boolean() }),
  runs: 60,
  run: ({ failing, times, order, exits }) => {
    const aspects = new IsolatedAspects(3);
    const life = new AgentLife(isolated(aspects, { order }));
    life.start();
    life.now(life.containerizer.launch('c1', configOf('web', undefined)));
    aspects.failing.set(`cleanup ${failing}`, times);
    if (exits) life.host.exit(life.host.pidOf('c1') as number, 3);
    else life.containerizer.destroy('c1');
    life.settle();
    const [shown] = life.now(life.containerizer.containers());
    checkEqual(shown?.state, 'DESTROYING', 'P5: state while its destroy fails');
    check(shown?.message?.includes(`cleanup ${failing} fails`) ?? false, () => `P5: it says ${shown?.message}`);

    life.settleOver(1_000 * 2 ** times);
    const [ended] = life.now(life.containerizer.containers());
    checkEqual(ended?.state, 'EXITED', 'P5: state after the cause is gone');
    checkEqual(ended?.exitStatus, exits ? 3 : 137, 'P5: exit status');
    checkEqual(aspects.all, [], 'P5: held by isolators');
    nothingIsLeft(life);
  },
});

export const monitorsMayDie = property({
  name: 'P3 a container outlives its monitor and its agent, and ends as one that nobody watched',
  inputs: () => fc.record({ crash: fc.nat(250), order: anyOrder(), before: fc.boolean(), exits: fc.boolean() }),
  runs: 110,
  run: ({ crash, order, before, exits }) => {
    const first = new AgentLife();
    first.start();
    first.now(first.containerizer.launch('c1', configOf('web', undefined)));
    if (before) first.host.loseMonitor('c1');
    first.settle();
    checkEqual(first.now(first.containerizer.containers())[0]?.state, 'RUNNING', 'P3: without its monitor');
    const second = first.nextAgent('agent killed', { order, crashAt: crash });
    second.start();
    if (!before) second.host.loseMonitor('c1');
    if (exits) second.host.exit(second.host.pidOf('c1') as number, 3);
    second.settle();

    const third = second.nextAgent('agent killed', { order });
    check(third.start(), 'P3: the start after a kill fails');
    third.settle();
    const [info] = third.now(third.containerizer.containers());
    checkEqual(info?.state, exits ? 'EXITED' : 'RUNNING', 'P3: state');
    if (exits) checkEqual(info?.exitStatus, undefined, 'P3: an exit status that nobody saw');
    endEverything(third);
    nothingIsLeft(third);
  },
});

/** Destroys and removes whatever is known, with the patience that retries need. */
function endEverything(life: AgentLife): void {
  for (const { id } of life.now(life.containerizer.containers()).toReversed()) {
    life.layers.destroying(id);
    void life.containerizer.destroy(id);
  }
  life.settleOver(30_000);
  for (const { id, message } of life.now(life.containerizer.containers()).toReversed()) {
    const removed = life.containerizer.remove(id);
    life.settle();
    check(removed.isReady(), () => `P5: ${id} cannot be removed: ${removed.toString()}; ${message}`);
  }
  checkEqual(life.host.livePids, [], 'P6: processes left after all was destroyed');
  checkEqual(namesAt(life.world.disk, life.paths.containers), [], 'P6: left in runtime/');
}
