import { readContainers, recordExit } from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';
import { FakeIsolator } from './support/fakes.js';
import { app, failureOf, NativeWorld } from './support/native-world.js';

const folder = '/root/runtime/containers/web';

/** A world in which `web` was launched by an agent that is gone. */
function afterLaunch(): NativeWorld {
  const world = new NativeWorld();
  world.launch('web');
  return world;
}

describe('recovering', () => {
  it('takes up a container whose process is still the recorded one, with its configuration', () => {
    const before = afterLaunch();
    const world = new NativeWorld({ after: before });

    expect(world.run(world.containerizer.status('web')).get()).toMatchObject({
      state: 'RUNNING',
      pid: 100,
      image: 'app',
    });
    expect(world.provisioner.recovered).toEqual([['web']]);
    world.run(world.containerizer.pruneImages([]));
    expect(world.provisioner.pruned).toEqual([[app.image]]);
  });

  it('reads the exit status that the monitor wrote when a recovered container ends', () => {
    const world = new NativeWorld({ after: afterLaunch() });
    const waited = world.containerizer.wait('web');

    world.host.end(100);
    world.run(waited);
    expect(waited.isPending()).toBe(true);
    world.files.file(`${folder}/status`, '42\n');
    world.host.end(1100);
    world.run(waited);

    expect(waited.get()).toEqual({ exitStatus: 42 });
    expect(world.state('web')).toBe('EXITED');
  });

  it('can kill, destroy and remove what it recovered', () => {
    const world = new NativeWorld({ after: afterLaunch() });
    world.run(world.containerizer.kill('web', 'SIGHUP'));
    expect(world.host.signals).toEqual(['SIGHUP 100']);

    const destroyed = world.run(world.containerizer.destroy('web'));
    expect(world.launcher.destroyed).toEqual(['web']);
    expect(destroyed.get()).toMatchObject({ reason: 'DESTROYED' });
    expect(world.run(world.containerizer.remove('web')).isReady()).toBe(true);
  });

  it('releases the root filesystem of one that ended meanwhile, and keeps it with the status on disk', () => {
    const before = afterLaunch();
    before.files.file(`${folder}/status`, '3\n');
    before.host.end(100);
    before.host.end(1100);
    const world = new NativeWorld({ after: before });

    expect(world.run(world.containerizer.status('web')).get()).toMatchObject({
      state: 'EXITED',
      exitStatus: 3,
    });
    expect(world.provisioner.calls).toEqual(['recover web', 'destroy web']);
    expect(world.run(world.containerizer.wait('web')).get()).toEqual({ exitStatus: 3 });
  });

  it('takes up the exit that a foreground command recorded after its agent was gone', () => {
    const before = afterLaunch();
    before.host.end(100);
    before.host.end(1100);
    recordExit(before.paths, before.files, 'web', 143);
    const world = new NativeWorld({ after: before });

    expect(world.run(world.containerizer.wait('web')).get()).toEqual({
      exitStatus: 143,
      signal: 'SIGTERM',
    });
  });

  it('takes a process with the same number and another start time for a stranger, and signals it never', () => {
    const before = afterLaunch();
    before.host.end(100);
    before.host.end(1100);
    before.host.start(100, 77);
    const world = new NativeWorld({ after: before });

    expect(world.state('web')).toBe('EXITED');
    expect(world.host.signals).toEqual([]);
  });

  it('leaves alone what has ended and been cleaned up before', () => {
    const before = afterLaunch();
    before.run(before.containerizer.destroy('web'));
    const world = new NativeWorld({ after: before });

    expect(world.run(world.containerizer.status('web')).get()).toMatchObject({
      state: 'EXITED',
      exitStatus: 137,
      signal: 'SIGKILL',
    });
    expect(world.provisioner.calls).toEqual(['recover ']);
    expect(world.launcher.destroyed).toEqual([]);
  });

  it('keeps a root filesystem that was asked for alone', () => {
    const before = new NativeWorld();
    before.launch('tree', { ...app, provisionOnly: true });
    const world = new NativeWorld({ after: before });

    expect(world.state('tree')).toBe('PROVISIONED');
    expect(world.provisioner.recovered).toEqual([['tree']]);
  });

  it.each([
    [['config'], 'RUNNING'],
    [['launch_info'], 'RUNNING'],
    [['config', 'launch_info'], 'RUNNING'],
    [['pid'], 'gone'],
    [['pid', 'launch_info'], 'gone'],
    [['config', 'pid'], 'gone'],
    [['config', 'launch_info', 'pid'], 'gone'],
  ])('copes when %j is missing or damaged: %s', (parts, expected) => {
    for (const damage of ['missing', 'empty', 'garbage'] as const) {
      const before = afterLaunch();
      for (const part of parts) {
        if (damage === 'missing') before.files.nodes.delete(`${folder}/${part}`);
        else before.files.file(`${folder}/${part}`, damage === 'empty' ? '' : '{"x":');
      }
      const world = new NativeWorld({ after: before });

      expect(world.run(world.containerizer.containers()).isReady()).toBe(true);
      expect(world.state('web') ?? 'gone').toBe(expected);
      expect(world.log.some((line) => line.startsWith('warn'))).toBe(damage !== 'missing');
    }
  });

  it('takes up nested containers with their parents, and destroys them together', () => {
    const before = afterLaunch();
    before.launch('web.debug');
    const world = new NativeWorld({ after: before });
    expect([world.state('web'), world.state('web.debug')]).toEqual(['RUNNING', 'RUNNING']);

    world.run(world.containerizer.destroy('web'));

    expect(world.launcher.destroyed).toEqual(['web.debug', 'web']);
    expect([world.state('web'), world.state('web.debug')]).toEqual(['EXITED', 'EXITED']);
  });

  it('answers though a leftover cannot be destroyed; that one says why and protects its image', () => {
    const before = afterLaunch();
    before.host.end(100);
    before.host.end(1100);
    const world = new NativeWorld({ after: before, recover: false });
    world.provisioner.failDestroy = Object.assign(new Error('busy'), { code: 'EBUSY' });

    expect(world.run(world.containerizer.recover()).isReady()).toBe(true);

    expect(world.run(world.containerizer.status('web')).get()).toMatchObject({
      state: 'DESTROYING',
      message: expect.stringContaining('busy') as string,
    });
    world.run(world.containerizer.pruneImages([]));
    expect(world.provisioner.pruned).toEqual([[app.image]]);
  });

  it('tells isolators of the running containers, and cleans those up when they end', () => {
    const calls: string[] = [];
    const world = new NativeWorld({ after: afterLaunch(), isolators: [new FakeIsolator('one', calls)] });
    expect(calls).toEqual(['one recover web']);

    world.host.end(100);
    world.host.end(1100);
    world.runtime.settle();
    expect(calls.at(-1)).toBe('one cleanup web');
  });

  it('passes over folders that are none of its own', () => {
    const before = afterLaunch();
    before.files
      .directory('/root/runtime/containers/web.debug')
      .directory('/root/runtime/containers/-x')
      .file('/root/runtime/containers/file');
    const world = new NativeWorld({ after: before });

    expect(
      world
        .run(world.containerizer.containers())
        .get()
        .map(({ id }) => id),
    ).toEqual(['web']);
  });

  it('finishes the removal that a crash interrupted, of containers and of what is nested in them', () => {
    const before = afterLaunch();
    before.files
      .file('/root/runtime/containers/.removed-gone/status', '0\n')
      .file(`${folder}/containers/.removed-debug/config`, '{}');
    const world = new NativeWorld({ after: before });

    expect(world.run(world.containerizer.containers()).get().map(({ id }) => id)).toEqual(['web']);
    expect([...world.files.nodes.keys()].filter((path) => path.includes('.removed-'))).toEqual([]);
  });

  it('serves nothing that changes containers before it is done', () => {
    const world = new NativeWorld({ recover: false });
    expect(failureOf(world.launch('web')).code).toBe('RECOVERING');
    expect(failureOf(world.run(world.containerizer.destroy('web'))).code).toBe('RECOVERING');
    expect(failureOf(world.run(world.containerizer.remove('web'))).code).toBe('RECOVERING');
  });
});

describe('reading containers without the lock', () => {
  it('tells the same of them as their agent, and changes nothing', () => {
    const world = afterLaunch();
    world.launch('tree', { ...app, provisionOnly: true });
    world.launch('done');
    world.run(world.containerizer.destroy('done'));
    const written = world.files.journal.length;

    const listed = readContainers(world.paths, world.files, world.host).get();

    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    expect(listed.map(({ info }) => info).toSorted(byId)).toEqual(
      [...world.run(world.containerizer.containers()).get()].toSorted(byId),
    );
    expect(world.files.journal).toHaveLength(written);
  });

  it('sees one that ended while no agent was there, with its status', () => {
    const world = afterLaunch();
    world.files.file(`${folder}/status`, '0\n');
    world.host.end(100);
    world.host.end(1100);

    const [listed] = readContainers(world.paths, world.files, world.host).get();
    expect(listed?.info).toMatchObject({ state: 'EXITED', exitStatus: 0 });
  });

  it('lists one whose configuration is damaged, with the file to look at', () => {
    const world = afterLaunch();
    world.files.file(`${folder}/config`, 'x');

    const [listed] = readContainers(world.paths, world.files, world.host).get();
    expect(listed).not.toHaveProperty('config');
    expect(listed?.info).toMatchObject({
      state: 'RUNNING',
      message: expect.stringContaining(`${folder}/config`) as string,
    });
  });

  it('does not see one of which nothing is known yet: a plan need not wait for a launch', () => {
    const world = afterLaunch();
    world.files.directory('/root/runtime/containers/begun');

    const listed = readContainers(world.paths, world.files, world.host).get();
    expect(listed.map(({ info }) => info.id)).toEqual(['web']);
  });

  it('is fine without any runtime folder', () => {
    const world = new NativeWorld();
    expect(readContainers(world.paths, world.files, world.host).get()).toEqual([]);
  });
});
