import { fc, it as property } from '@fast-check/vitest';
import type { LaunchContribution } from '@keelson/containerizer';
import { Deferred, type Future } from '@keelson/process';
import { describe, expect } from 'vitest';
import { FakeIsolator } from './support/fakes.js';
import { app, NativeWorld } from './support/native-world.js';

const steps = [
  'launch',
  'launch nested',
  'destroy',
  'destroy nested',
  'kill',
  'remove',
  'image arrives',
  'image fails',
  'isolator prepares',
  'process starts',
  'process exits',
  'nested exits',
  'root filesystem is busy',
  'root filesystem is free',
  'prune',
  'next agent',
] as const;
type Step = (typeof steps)[number];

/** One container and one nested in it, pushed about by a list of steps. */
class Story {
  readonly calls: string[] = [];
  readonly answers: Future<unknown>[] = [];
  isolator = new FakeIsolator('isolator', this.calls);
  world = new NativeWorld({ isolators: [this.isolator] });

  constructor() {
    this.#arm();
  }

  take(step: Step): void {
    const { world } = this;
    const { containerizer, provisioner, launcher } = world;
    switch (step) {
      case 'launch':
        return this.#ask(world.launch('web'));
      case 'launch nested':
        return this.#ask(world.launch('web.debug', { ...app, argv: ['/bin/app'] }));
      case 'destroy':
        return this.#ask(containerizer.destroy('web'), containerizer.wait('web'));
      case 'destroy nested':
        return this.#ask(containerizer.destroy('web.debug'), containerizer.wait('web.debug'));
      case 'kill':
        return this.#ask(containerizer.kill('web', 'SIGKILL'));
      case 'remove':
        return this.#ask(containerizer.remove('web'));
      case 'image arrives':
        for (const pending of provisioner.pending) pending.set(provisioner.info('web', app.image));
        break;
      case 'image fails':
        provisioner.pending.at(-1)?.fail(Object.assign(new Error('no image'), { code: 'IMAGE_NOT_FOUND' }));
        break;
      case 'isolator prepares':
        this.isolator.gate?.set({});
        this.isolator.gate = new Deferred<LaunchContribution>();
        break;
      case 'process starts':
        launcher.requests.forEach(({ id }, index) => launcher.startAt(id, index));
        break;
      case 'process exits':
        launcher.exit('web', 3);
        break;
      case 'nested exits':
        launcher.exit('web.debug', 4);
        break;
      case 'root filesystem is busy':
        provisioner.failDestroy = Object.assign(new Error('busy'), { code: 'EBUSY' });
        break;
      case 'root filesystem is free':
        provisioner.failDestroy = undefined;
        break;
      case 'prune':
        this.#checkPrune();
        break;
      case 'next agent':
        // What the old one was doing is cut off here; its futures are nobody's any more.
        this.answers.length = 0;
        this.world = new NativeWorld({ after: world, isolators: [this.isolator] });
        this.#arm();
    }
    this.world.runtime.settle();
  }

  /** Everything outside gives in, and everybody is asked to go. */
  end(): void {
    this.world.provisioner.manual = this.world.launcher.manual = false;
    const rest: Step[] = [
      'root filesystem is free',
      'image arrives',
      'isolator prepares',
      'process starts',
    ];
    for (const step of [...rest, ...rest, ...rest]) this.take(step);
    this.isolator.gate?.set({});
    this.world.runtime.settle();
    this.take('destroy');
  }

  #arm(): void {
    this.world.provisioner.manual = this.world.launcher.manual = true;
    this.isolator.gate = new Deferred<LaunchContribution>();
  }

  #ask(...answers: Future<unknown>[]): void {
    this.answers.push(...answers);
    this.world.runtime.settle();
  }

  /** A container that is anywhere between its launch and its end protects its image. */
  #checkPrune(): void {
    const { world } = this;
    const containers = world.run(world.containerizer.containers()).get();
    const living = containers.some(({ state, image }) => state !== 'EXITED' && image !== undefined);
    const pruned = world.run(world.containerizer.pruneImages([]));
    expect(pruned.isReady()).toBe(true);
    expect(world.provisioner.pruned.at(-1)).toEqual(living ? [app.image] : []);
  }
}

describe('the life of containers', () => {
  property.prop([fc.array(fc.constantFrom(...steps), { maxLength: 25 })], { numRuns: 400 })(
    'ends well whatever happens in whatever order',
    (list) => {
      const story = new Story();
      for (const step of list) story.take(step);
      story.end();

      const { world, calls, answers } = story;
      // Nobody waits for ever, and nothing crashed: the actor still answers.
      expect(answers.filter((answer) => answer.isPending())).toEqual([]);
      const left = world.run(world.containerizer.containers()).get();
      expect(left.filter(({ state }) => state !== 'EXITED')).toEqual([]);

      // What was provisioned last was released after it.
      for (const id of ['web', 'web.debug']) {
        const about = world.provisioner.calls.filter((call) => call.split(' ')[1] === id);
        if (about.length > 0) expect(about.at(-1)).toBe(`destroy ${id}`);
        const prepared = calls.filter((call) => call === `isolator prepare ${id}`).length;
        const cleaned = calls.filter((call) => call === `isolator cleanup ${id}`).length;
        if (!list.includes('next agent')) expect(cleaned).toBe(prepared);
      }
      // Nothing that ran is left running.
      for (const [id, status] of world.launcher.statuses)
        expect([id, status.future.isPending()]).toEqual([id, false]);
    },
  );
});
