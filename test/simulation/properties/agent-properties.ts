import type { CrashFate } from '@keelson/simulation';
import { crashPoint, faults, jobFaults } from '@keelson/simulation';
import fc from 'fast-check';
import type { AgentAsked } from '../agent-command.js';
import { agentCommands, offerToAgent } from '../agent-command.js';
import { AgentLife, configOf } from '../agent-world.js';
import { check, checkEqual } from '../check.js';
import { namesAt } from '../disk-view.js';
import { containersAreWhole, listedImagesAreWhole, nothingIsLeaked, nothingIsLeft } from '../oracles.js';
import { anyOrder, dispatcherOf } from '../order.js';
import { property } from '../property.js';

export const agentKeepsLayers = property({
  name: 'P1 no layer of a running container is ever renamed or removed (whole agent, image volumes too: T2)',
  inputs: () => fc.tuple(agentCommands(10), anyOrder()),
  run: ([wanted, order]) => {
    const life = new AgentLife({ order });
    life.start();
    offerToAgent(life, wanted);
    life.settle();
    containersAreWhole(life);
    runningIsWhole(life);
  },
});

export const agentNeverHangs = property({
  name: 'P5 nested launches, destroys, kills and prunes of a whole agent all end',
  inputs: () => fc.tuple(agentCommands(10), anyOrder()),
  run: ([wanted, order]) => {
    const life = new AgentLife({ order });
    life.start();
    const asked = offerToAgent(life, wanted);
    life.settle();
    runningIsWhole(life);
    endAll(life);
    allEnded(asked);
    nothingIsLeaked(life);
    nothingIsLeft(life);
  },
});

export const agentLeaksNothing = property({
  name: 'P6 failed launches and destroys of a whole agent leak no process, lock, lease or root',
  inputs: () => fc.tuple(agentCommands(), anyOrder(), faults({ maxCall: 300, maxFaults: 2 }), jobFaults({ maxStep: 40 })),
  run: ([wanted, order, failing, aborted]) => {
    const life = new AgentLife({ order, jobFaults: aborted, faults: failing.map(({ call, errno }) => ({ call: call + 35, errno })) });
    if (!life.start()) return;
    const asked = offerToAgent(life, wanted);
    life.settleOver(130_000);
    endAll(life);
    allEnded(asked);
    const owners = life.insides.store.roots().map(({ owner }) => owner);
    checkEqual(owners, [], 'P6: roots that nobody holds any more');
    const next = life.nextAgent('agent killed');
    check(next.start(), 'P6: the next start fails');
    endAll(next);
    nothingIsLeft(next, failing.length + aborted.length > 1);
  },
});

export const nestedEndTogether = property({
  name: 'P5 nested containers of a whole agent end with their parent, children first',
  inputs: () => fc.tuple(agentCommands(3), anyOrder()),
  run: ([more, order]) => {
    const life = new AgentLife({});
    life.start();
    life.now(life.containerizer.launch('c1', configOf('web', undefined)));
    life.now(life.containerizer.launch('c1.child', configOf('job', undefined)));
    life.watch.follow(dispatcherOf(order));
    const asked = offerToAgent(life, [{ kind: 'destroy', id: 'c1' }, ...more]);
    life.settle();
    runningIsWhole(life);
    endAll(life);
    allEnded(asked);
    nothingIsLeaked(life);
  },
});

const crashKind = (): fc.Arbitrary<'agent' | 'power'> => fc.constantFrom('agent', 'power');

export const agentSurvivesCrashes = property({
  name: 'P1 containers outlive a crash of the agent, and nothing of them is lost, at any step and twice',
  inputs: () =>
    fc.record({
      wanted: agentCommands(),
      order: anyOrder(),
      crash: crashPoint({ maxStep: 700 }),
      kind: crashKind(),
      again: crashPoint({ maxStep: 250 }),
      kindAgain: crashKind(),
      nextOrder: anyOrder(),
    }),
  run: ({ wanted, order, crash, kind, again, kindAgain, nextOrder }) => {
    const life = new AgentLife({ order, crashAt: crash.step });
    if (life.start()) {
      offerToAgent(life, wanted);
      life.settle();
    }
    const second = life.nextAgent(how(kind, crash.fates), { order: nextOrder, crashAt: again.step });
    second.start();
    const third = second.nextAgent(how(kindAgain, again.fates));
    check(third.start(), 'P3: the start after a crash fails');

    listedImagesAreWhole(third);
    runningIsWhole(third);
    endAll(third);
    nothingIsLeaked(third);
    nothingIsLeft(third);
  },
});

export const runningStaysRunning = property({
  name: 'P3 a container that was launched runs on after the agent was killed, and its end is told',
  inputs: () =>
    fc.record({ crash: fc.nat(200), order: anyOrder(), volume: fc.boolean(), exits: fc.boolean(), prune: fc.boolean() }),
  runs: 150,
  run: ({ crash, order, volume, exits, prune }) => {
    const first = new AgentLife();
    first.start();
    checkEqual(first.now(first.containerizer.launch('c1', configOf('web', volume ? 'job' : undefined))), 'SUCCESS', 'launch');
    if (exits) first.host.exit(first.host.pidOf('c1') as number, 3);
    const second = first.nextAgent('agent killed', { order, crashAt: crash });
    second.start();
    const third = second.nextAgent('agent killed', { order });
    const recovered = third.containerizer.recover();
    const early = prune ? third.containerizer.pruneImages([]) : undefined;
    third.settle();
    check(recovered.isReady(), () => `P3: the recovery is ${recovered.toString()}`);
    if (early) check(early.isFailed(), 'P9: a prune before the recovery was served');

    const [info] = third.now(third.containerizer.containers());
    checkEqual(info?.state, exits ? 'EXITED' : 'RUNNING', 'P3: state');
    if (exits) checkEqual(info?.exitStatus, 3, 'P3: exit status');
    third.now(third.containerizer.pruneImages([]));
    runningIsWhole(third);
    endAll(third);
    nothingIsLeft(third);
  },
});

export const pruneKeepsInUse = property({
  name: 'P1 a prune keeps the images of every container of the agent, whatever their tags mean by now (T2)',
  inputs: () => fc.tuple(fc.boolean(), anyOrder(), fc.boolean()),
  runs: 100,
  run: ([volume, order, killed]) => {
    let life = new AgentLife({ order });
    life.start();
    life.now(life.containerizer.launch('c1', configOf('job', volume ? 'web' : undefined)));
    if (killed) {
      life = life.nextAgent('agent killed', { order });
      life.start();
    }
    life.now(life.containerizer.pruneImages([]));
    const kept = life.now(life.world.metadata.images()).images.map(({ reference }) => reference).toSorted();
    const wanted = volume ? ['registry.test/job:latest', 'registry.test/web:latest'] : ['registry.test/job:latest'];
    checkEqual(kept, wanted, 'P1: images kept');
    containersAreWhole(life);
  },
});

function how(kind: 'agent' | 'power', fates: readonly CrashFate[]): 'agent killed' | readonly CrashFate[] {
  return kind === 'agent' ? 'agent killed' : fates;
}

/** Every running container has its process and its files; every process belongs to a running container. */
function runningIsWhole(life: AgentLife): void {
  const running = life.now(life.containerizer.containers()).filter(({ state }) => state === 'RUNNING');
  for (const { id, rootfs = '' } of running) {
    check(life.host.pidOf(id) !== undefined, () => `P1: ${id} is RUNNING without a process`);
    check(namesAt(life.world.disk, rootfs).length > 0, () => `P1: ${id} runs without its root filesystem`);
  }
  const ids = running.map(({ id }) => id).toSorted();
  checkEqual(life.host.running.toSorted(), ids, 'P6: containers with a process, and those said to run');
}

/** Destroys and removes whatever is known; nothing of it may be left. A failed destroy is tried again. */
function endAll(life: AgentLife): void {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    for (const { id } of life.now(life.containerizer.containers()).toReversed()) {
      life.layers.destroying(id);
      const destroyed = life.containerizer.destroy(id);
      life.settleOver(12_000);
      check(!destroyed.isPending(), () => `P5: the destroy of ${id} never ends`);
    }
  }
  for (const { id, message } of life.now(life.containerizer.containers()).toReversed()) {
    let removed = life.containerizer.remove(id);
    life.settle();
    // A removal that failed, as a disk or a job may, works when it is asked for again.
    for (let attempt = 0; attempt < 3 && removed.isFailed(); attempt += 1) {
      removed = life.containerizer.remove(id);
      life.settle();
    }
    check(removed.isReady(), () => `P6: ${id} cannot be removed: ${removed.toString()}; ${message}`);
  }
  const provisioned = life.now(life.world.provisioner.containers()).map(({ id }) => id);
  checkEqual(provisioned, [], 'P4: root filesystems of containers that are gone');
  checkEqual(life.host.running, [], 'P6: processes left after all was destroyed');
  checkEqual(life.host.livePids, [], 'P6: monitors left after all was destroyed');
  recordsAreGone(life);
}

/** No container has a record any more. What a fault left of one that was moved aside is gone when it was tried again. */
function recordsAreGone(life: AgentLife): void {
  const left = (): string[] => namesAt(life.world.disk, life.paths.containers);
  checkEqual(left().filter((name) => !name.startsWith('.removed-')), [], 'P6: left in runtime/');
  if (left().length > 0) life.settleOver(8_000);
  checkEqual(left(), [], 'P6: left in runtime/ though there was time to try again');
}

function allEnded(asked: readonly AgentAsked[]): void {
  const waiting = asked.filter(({ answer }) => answer.isPending()).map(({ command }) => JSON.stringify(command));
  check(waiting.length === 0, () => `P5: these wait for ever: ${waiting.join(' ')}`);
}
