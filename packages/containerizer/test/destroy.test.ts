import { describe, expect, it } from 'vitest';
import { FakeIsolator } from './support/fakes.js';
import { app, failureOf, NativeWorld } from './support/native-world.js';

const broken = (message: string) => Object.assign(new Error(message), { code: 'EBUSY' });

describe('a container that ends by itself', () => {
  it('gives its exit status, releases its root filesystem, and stays listed until it is removed', () => {
    const world = new NativeWorld();
    world.launch('web');
    const waited = world.containerizer.wait('web');

    world.launcher.exit('web', 42);
    world.run(waited);

    expect(waited.get()).toEqual({ exitStatus: 42 });
    expect(world.provisioner.calls.at(-1)).toBe('destroy web');
    expect(world.run(world.containerizer.status('web')).get()).toMatchObject({
      state: 'EXITED',
      exitStatus: 42,
    });
    expect(world.files.has('/root/runtime/containers/web/termination')).toBe(true);
    expect(world.files.has('/root/runtime/containers/web/config')).toBe(true);
  });

  it('while its agent is closing is left to the next recovery, and a destroy under way is waited for', () => {
    const world = new NativeWorld();
    world.launch('web');
    world.launch('job');
    const destroyed = world.containerizer.destroy('job');
    const quiet = world.containerizer.quiesce();
    world.run(quiet);
    expect(destroyed.isReady()).toBe(true);

    world.launcher.exit('web', 42);
    const status = world.run(world.containerizer.status('web'));

    expect(status.get().state).toBe('RUNNING');
    expect(world.provisioner.calls).not.toContain('destroy web');
  });

  it('ends what is nested in it first', () => {
    const world = new NativeWorld();
    world.launch('web');
    world.launch('web.debug');
    const child = world.containerizer.wait('web.debug');

    world.launcher.exit('web', 0);
    world.run(child);

    expect(child.get()).toMatchObject({ reason: 'DESTROYED', message: "its parent 'web' ended" });
    expect(world.provisioner.calls.slice(-2)).toEqual(['destroy web.debug', 'destroy web']);
    expect(world.run(world.containerizer.wait('web')).get()).toEqual({ exitStatus: 0 });
  });

  it('is destroyed for a limit it ran into, with the reason', () => {
    const isolator = new FakeIsolator('memory', []);
    const world = new NativeWorld({ isolators: [isolator] });
    world.launch('web');
    const waited = world.containerizer.wait('web');

    isolator.limitation.set({ message: 'memory: 10 MiB exceeded' });
    world.run(waited);

    expect(waited.get()).toMatchObject({
      reason: 'LIMITATION',
      message: 'memory: 10 MiB exceeded',
      exitStatus: 137,
    });
  });

  it('whose end nobody saw has no exit status, and says so', () => {
    const world = new NativeWorld();
    world.launch('web');
    const waited = world.containerizer.wait('web');

    world.launcher.statuses.get('web')?.set(undefined);
    world.run(waited);

    expect(waited.get()).toMatchObject({ reason: 'UNWATCHED' });
  });
});

describe('destroying a container', () => {
  it('kills it and answers how it ended', () => {
    const world = new NativeWorld();
    world.launch('web');

    expect(world.run(world.containerizer.destroy('web')).get()).toEqual({
      exitStatus: 137,
      signal: 'SIGKILL',
      reason: 'DESTROYED',
    });
    expect(world.state('web')).toBe('EXITED');
  });

  it('cleans up isolators in reverse, after the process is gone and before the root filesystem is', () => {
    const calls: string[] = [];
    const world = new NativeWorld({
      isolators: [new FakeIsolator('one', calls), new FakeIsolator('two', calls)],
    });
    world.launch('web');
    calls.length = 0;

    world.run(world.containerizer.destroy('web'));

    expect(calls).toEqual(['two cleanup web', 'one cleanup web']);
  });

  it('is done once however many ask, and all get the same answer', () => {
    const world = new NativeWorld();
    world.launch('web');

    const answers = [1, 2, 3].map(() => world.containerizer.destroy('web'));
    const waited = world.run(world.containerizer.wait('web'));

    expect(new Set([...answers, waited].map((each) => JSON.stringify(each.get()))).size).toBe(1);
    expect(world.launcher.destroyed).toEqual(['web']);
  });

  it('goes on though somebody who asked for it, or waited for it, loses interest', () => {
    const world = new NativeWorld();
    world.launch('web');

    world.containerizer.wait('web').discard();
    const destroyed = world.containerizer.destroy('web');
    destroyed.discard();
    world.run(destroyed);

    expect(world.state('web')).toBe('EXITED');
  });

  it('answers undefined for an unknown container, and the old answer for an ended one', () => {
    const world = new NativeWorld();
    world.launch('web');
    const first = world.run(world.containerizer.destroy('web'));

    expect(world.run(world.containerizer.destroy('nobody')).get()).toBeUndefined();
    expect(world.run(world.containerizer.destroy('web')).get()).toEqual(first.get());
    expect(world.launcher.destroyed).toEqual(['web']);
  });

  it('leaves nothing of a root filesystem that nothing ever ran in', () => {
    const world = new NativeWorld();
    world.launch('tree', { ...app, provisionOnly: true });

    expect(world.run(world.containerizer.destroy('tree')).get()).toEqual({ reason: 'DESTROYED' });

    expect(world.state('tree')).toBeUndefined();
    expect(world.files.has('/root/runtime/containers/tree')).toBe(false);
    expect(world.files.has('/root/sandboxes/tree')).toBe(false);
  });

  it.each([
    [
      'a process that cannot be killed',
      (world: NativeWorld) => (world.launcher.failDestroy = broken('hangs')),
      /kill all processes.*hangs/,
    ],
    [
      'a root filesystem that is busy',
      (world: NativeWorld) => (world.provisioner.failDestroy = broken('busy')),
      /provisioned rootfs.*busy/,
    ],
  ])(
    'stops at %s: the failure is visible, protects the image, and can be retried (T32)',
    (_what, breakIt, message) => {
      const world = new NativeWorld();
      world.launch('web');
      breakIt(world);

      const failed = world.run(world.containerizer.destroy('web'));
      expect(failureOf(failed)).toMatchObject({
        code: 'DESTROY_FAILED',
        message: expect.stringMatching(message) as string,
      });
      expect(world.run(world.containerizer.status('web')).get()).toMatchObject({
        state: 'DESTROYING',
        message: expect.stringMatching(message) as string,
      });
      expect(world.actor.destroyErrors.count).toBe(1);
      expect(world.log.at(-1)).toMatch(/^error Failed to/);
      world.run(world.containerizer.pruneImages([]));
      expect(world.provisioner.pruned.at(-1)).toEqual([app.image]);

      world.launcher.failDestroy = undefined;
      world.provisioner.failDestroy = undefined;
      expect(world.run(world.containerizer.destroy('web')).get()).toMatchObject({ reason: 'DESTROYED' });
      expect(world.state('web')).toBe('EXITED');
    },
  );

  it('is tried again by itself, more and more rarely, for as long as it fails', () => {
    const world = new NativeWorld();
    world.launch('web');
    world.provisioner.failDestroy = broken('busy');
    world.run(world.containerizer.destroy('web'));
    const attempts = () => world.provisioner.calls.filter((call) => call === 'destroy web').length;
    const after = (ms: number) => {
      world.clock.advance(ms);
      world.runtime.settle();
      return attempts();
    };

    expect([after(999), after(1), after(1_999), after(1), after(4_000)]).toEqual([1, 2, 2, 3, 4]);
    world.provisioner.failDestroy = undefined;
    after(8_000);
    expect(world.run(world.containerizer.wait('web')).get()).toMatchObject({ exitStatus: 137, reason: 'DESTROYED' });
    expect(world.actor.destroyErrors.count).toBe(4);
    expect(after(600_000)).toBe(5);
  });

  it('tells the limit that ended a container, unless it was destroyed', () => {
    const calls: string[] = [];
    const isolator = new FakeIsolator('one', calls);
    isolator.explanation = { message: 'out of memory' };
    const world = new NativeWorld({ isolators: [isolator] });
    world.launch('web');
    world.launch('job');
    calls.length = 0;

    world.launcher.exit('web', 137);
    world.runtime.settle();
    world.run(world.containerizer.destroy('job'));

    expect(world.run(world.containerizer.wait('web')).get()).toEqual({
      exitStatus: 137,
      signal: 'SIGKILL',
      reason: 'LIMITATION',
      message: 'out of memory',
    });
    expect(world.run(world.containerizer.wait('job')).get()).toMatchObject({ reason: 'DESTROYED' });
    expect(calls).toEqual(['one explain web 137', 'one cleanup web', 'one cleanup job']);
  });

  it('tries every isolator, reports those that fail, and on the next try asks only those again', () => {
    const calls: string[] = [];
    const [one, two] = [new FakeIsolator('one', calls), new FakeIsolator('two', calls)];
    two.failCleanup = broken('no');
    const world = new NativeWorld({ isolators: [one, two] });
    world.launch('web');
    calls.length = 0;

    expect(failureOf(world.run(world.containerizer.destroy('web'))).message).toMatch(
      /clean up an isolator.*no/,
    );
    expect(calls).toEqual(['two cleanup web', 'one cleanup web']);
    expect(world.provisioner.calls).not.toContain('destroy web');

    two.failCleanup = undefined;
    world.run(world.containerizer.destroy('web'));
    expect(calls.slice(2)).toEqual(['two cleanup web']);
  });

  it('fails when a nested container cannot be destroyed, and leaves the parent for a retry', () => {
    const world = new NativeWorld();
    world.launch('web');
    world.launch('web.debug');
    world.provisioner.failDestroy = broken('busy');

    expect(failureOf(world.run(world.containerizer.destroy('web'))).message).toMatch(
      /nested containers.*busy/,
    );
    expect(world.launcher.destroyed).toEqual(['web.debug']);

    world.provisioner.failDestroy = undefined;
    world.run(world.containerizer.destroy('web'));
    expect([world.state('web'), world.state('web.debug')]).toEqual(['EXITED', 'EXITED']);
  });
});

describe('the other requests', () => {
  it('wait answers undefined for an unknown container', () => {
    const world = new NativeWorld();
    expect(world.run(world.containerizer.wait('x')).get()).toBeUndefined();
  });

  it('kill signals the first process by its identity, and nothing that has none', () => {
    const world = new NativeWorld();
    world.launch('web');
    world.launch('tree', { ...app, provisionOnly: true });

    expect(world.run(world.containerizer.kill('web', 'SIGUSR1')).get()).toBe(true);
    expect(world.host.signals).toEqual(['SIGUSR1 100']);
    expect(world.run(world.containerizer.kill('tree', 'SIGTERM')).get()).toBe(false);
    expect(world.run(world.containerizer.kill('nobody', 'SIGTERM')).get()).toBe(false);
    world.run(world.containerizer.destroy('web'));
    expect(world.run(world.containerizer.kill('web', 'SIGTERM')).get()).toBe(false);
  });

  it('status fails for an unknown container', () => {
    const world = new NativeWorld();
    expect(failureOf(world.run(world.containerizer.status('x'))).code).toBe('NO_SUCH_CONTAINER');
  });

  it('remove forgets an ended container with its folders, and is fine with an unknown one', () => {
    const world = new NativeWorld();
    world.launch('web');
    expect(failureOf(world.run(world.containerizer.remove('web'))).code).toBe('CONTAINER_RUNNING');
    world.run(world.containerizer.destroy('web'));

    world.run(world.containerizer.remove('web')).get();
    world.run(world.containerizer.remove('web')).get();

    expect(world.run(world.containerizer.containers()).get()).toEqual([]);
    expect(world.files.has('/root/runtime/containers/web')).toBe(false);
    expect(world.files.has('/root/sandboxes/web')).toBe(false);
    expect(world.launch('web').get()).toBe('SUCCESS');
  });

  it('remove takes the records away in one step, also over what an earlier removal left', () => {
    const world = new NativeWorld();
    world.files.file('/root/runtime/containers/.removed-web/config', 'old');
    world.launch('web');
    world.run(world.containerizer.destroy('web'));

    world.run(world.containerizer.remove('web')).get();

    const steps = world.files.journal.filter((step) => step.includes('.removed-web') || step.includes('sandboxes'));
    expect(steps).toEqual([
      'rename /root/sandboxes/web /root/runtime/containers/web/sandbox',
      'remove-tree /root/runtime/containers/.removed-web',
      'rename /root/runtime/containers/web /root/runtime/containers/.removed-web',
      'remove-tree /root/runtime/containers/.removed-web',
    ]);
  });

  it('a dead child can be waited for until its parent is removed', () => {
    const world = new NativeWorld();
    world.launch('web');
    world.launch('web.task');
    world.launcher.exit('web.task', 3);
    world.runtime.settle();

    expect(world.run(world.containerizer.wait('web.task')).get()).toEqual({ exitStatus: 3 });
    world.run(world.containerizer.destroy('web'));
    expect(world.run(world.containerizer.wait('web.task')).get()).toEqual({ exitStatus: 3 });
    world.run(world.containerizer.remove('web')).get();
    expect(world.run(world.containerizer.wait('web.task')).get()).toBeUndefined();
  });

  it('the process of a container can be waited for beyond the life of the actor', () => {
    const world = new NativeWorld();
    world.launch('web');
    const process = world.run(world.containerizer.processOf('web')).get();

    world.runtime.terminate(world.containerizer);
    world.runtime.settle();
    world.launcher.exit('web', 7);

    expect(process?.status.get()).toBe(7);
    expect(world.host.signals).toEqual([]);
    expect(world.launcher.destroyed).toEqual([]);
  });
});

describe('nested containers', () => {
  it('share the root filesystem of their parent and inherit its user', () => {
    const world = new NativeWorld();
    world.launch('web', { ...app, user: '7:8' });

    world.launch('web.debug', { argv: ['/bin/app'] });

    expect(world.launcher.requests[1]).toMatchObject({ rootfs: '/rootfs/app', user: { uid: 7, gid: 8 } });
    expect(world.launcher.requests[1]?.runtimeDirectory).toBe(
      '/root/runtime/containers/web/containers/debug',
    );
  });

  it('need a parent that lives', () => {
    const world = new NativeWorld();
    expect(failureOf(world.launch('web.debug'))).toMatchObject({
      code: 'PARENT_UNUSABLE',
      message: expect.stringContaining('does not exist') as string,
    });
    world.launch('web');
    world.run(world.containerizer.destroy('web'));
    expect(failureOf(world.launch('web.debug')).message).toContain('is EXITED');
  });
});
