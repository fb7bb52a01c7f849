import type { ContainerConfig, LaunchContribution } from '@keelson/containerizer';
import { configFormat } from '@keelson/containerizer';
import { Deferred } from '@keelson/process';
import { decodeRecord } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { FakeIsolator } from './support/fakes.js';
import { app, failureOf, NativeWorld } from './support/native-world.js';

describe('launching a container', () => {
  it('provisions, prepares, launches and watches, and answers SUCCESS once it runs', () => {
    const world = new NativeWorld();

    const launched = world.launch('web');

    expect(launched.get()).toBe('SUCCESS');
    expect(world.state('web')).toBe('RUNNING');
    expect(world.launcher.requests).toMatchObject([
      { id: 'web', rootfs: '/rootfs/app', argv: ['/bin/app'] },
    ]);
    expect(world.run(world.containerizer.status('web')).get()).toMatchObject({
      pid: 100,
      image: 'app',
      layers: ['base', 'app'],
    });
  });

  it('checkpoints the configuration before anything is provisioned or launched', () => {
    const world = new NativeWorld();
    world.provisioner.manual = true;

    world.launch('web', { ...app, environment: { A: 'b' } });

    const record = decodeRecord(configFormat, world.files.text('/root/runtime/containers/web/config'));
    expect(record).toMatchObject({
      ok: true,
      value: { config: { image: { name: 'app' }, environment: { A: 'b' } } },
    });
    expect(world.launcher.requests).toEqual([]);
    expect(world.files.has('/root/runtime/containers/web/launch_info')).toBe(false);
  });

  it('checkpoints what it starts before it starts it, and who runs before it says so', () => {
    const world = new NativeWorld();
    world.launcher.manual = true;

    const launched = world.launch('web');
    expect(world.files.has('/root/runtime/containers/web/launch_info')).toBe(true);
    expect(world.files.has('/root/runtime/containers/web/pid')).toBe(false);
    expect(world.state('web')).toBe('ISOLATING');

    world.launcher.start('web');
    world.run(launched);
    expect(world.files.has('/root/runtime/containers/web/pid')).toBe(true);
    expect(launched.get()).toBe('SUCCESS');
  });

  it('finds out which launcher works while its image is pulled', () => {
    const world = new NativeWorld();
    world.provisioner.manual = true;
    world.launcher.works = false;

    const launched = world.launch('web');
    expect([world.launcher.probes, world.state('web')]).toEqual([1, 'PROVISIONING']);

    world.provisioner.pending[0]!.set(world.provisioner.info('web', app.image!));
    expect(failureOf(world.run(launched))).toMatchObject({ code: 'NO_LAUNCHER' });
  });

  it('asks for no launcher where nothing is to run', () => {
    const world = new NativeWorld();

    world.launch('web', { ...app, provisionOnly: true });

    expect([world.launcher.probes, world.state('web')]).toEqual([0, 'PROVISIONED']);
  });

  it('has the launcher get ready once the root filesystem stands, while isolators prepare', () => {
    const isolator = new FakeIsolator('a', []);
    isolator.gate = new Deferred<LaunchContribution>();
    const world = new NativeWorld({ isolators: [isolator] });
    world.provisioner.manual = true;
    world.launch('web', { ...app, stdio: 'sandbox' });
    expect(world.launcher.prepared).toEqual([]);

    world.provisioner.pending[0]!.set(world.provisioner.info('web', app.image));
    world.runtime.settle();

    const runtimeDirectory = '/root/runtime/containers/web';
    const stdio = { stdout: '/root/sandboxes/web/stdout', stderr: '/root/sandboxes/web/stderr' };
    expect(world.launcher.prepared).toEqual([{ id: 'web', runtimeDirectory, stdio }]);
    expect(world.launcher.requests).toEqual([]);
  });

  it('answers ALREADY_LAUNCHED for a known id, and changes nothing', () => {
    const world = new NativeWorld();
    world.launch('web');

    expect(world.launch('web').get()).toBe('ALREADY_LAUNCHED');
    expect(world.provisioner.calls.filter((call) => call.startsWith('provision'))).toHaveLength(1);
  });

  it('shows the container and protects its image from the moment it was asked for', () => {
    const world = new NativeWorld();
    world.provisioner.manual = true;
    world.launch('web');

    expect(world.state('web')).toBe('PROVISIONING');
    world.run(world.containerizer.pruneImages([]));
    expect(world.provisioner.pruned).toEqual([[app.image]]);
  });

  it('stops at PROVISIONED when only a root filesystem is wanted', () => {
    const world = new NativeWorld();

    expect(world.launch('tree', { ...app, provisionOnly: true }).get()).toBe('SUCCESS');

    expect(world.state('tree')).toBe('PROVISIONED');
    expect(world.launcher.requests).toEqual([]);
    expect(world.run(world.containerizer.status('tree')).get()).toMatchObject({
      rootfs: '/rootfs/app',
      backend: 'copy',
    });
  });

  it('runs on a plain folder without asking the provisioner for one', () => {
    const world = new NativeWorld();

    world.launch('plain', { rootfs: '/rootfs/app', argv: ['/bin/app', 'x'] });

    expect(world.launcher.requests).toMatchObject([{ rootfs: '/rootfs/app', argv: ['/bin/app', 'x'] }]);
    expect(world.provisioner.calls.some((call) => call.startsWith('provision'))).toBe(false);
  });

  it('provisions image volumes for the same container and mounts them', () => {
    const world = new NativeWorld();
    const volumes: ContainerConfig['volumes'] = [
      { image: { type: 'DOCKER', name: 'volume' }, containerPath: '/data', readOnly: true },
    ];

    world.launch('web', { ...app, volumes });

    expect(world.provisioner.calls).toContain('provision web volume');
    expect(world.launcher.requests[0]?.mounts).toEqual([
      { source: '/rootfs/volume', target: '/data', readOnly: true },
    ]);
  });

  it('prepares isolators in order and hands what they add to the launcher, the user on top', () => {
    const calls: string[] = [];
    const [first, second] = [new FakeIsolator('first', calls), new FakeIsolator('second', calls)];
    first.contribution = { environment: { A: 'first', B: 'first', C: 'first' } };
    second.contribution = { environment: { B: 'second', C: 'second' } };
    const world = new NativeWorld({ isolators: [first, second] });

    world.launch('web', { ...app, environment: { C: 'user' } });

    expect(calls.filter((call) => !call.includes('recover'))).toEqual([
      'first prepare web',
      'second prepare web',
      'first isolate web 100',
      'second isolate web 100',
    ]);
    expect(world.launcher.requests[0]?.environment).toMatchObject({ A: 'first', B: 'second', C: 'user' });
  });

  it.each<[string, Partial<ContainerConfig>]>([
    ['neither image nor folder', {}],
    ['both image and folder', { ...app, rootfs: '/rootfs/app' }],
    ['a relative folder', { rootfs: 'rootfs' }],
    ['a folder that is not there', { rootfs: '/rootfs/missing' }],
    ['a folder to provision', { rootfs: '/rootfs/app', provisionOnly: true }],
    ['no memory at all', { ...app, memoryBytes: 0 }],
    ['a host name that is none', { ...app, hostname: '-x/y' }],
    ['a working directory below /proc', { ...app, workingDirectory: '/proc/self/fd/7' }],
    ['a relative working directory', { ...app, workingDirectory: 'srv' }],
  ])('refuses %s and leaves nothing behind', (_what, config) => {
    const world = new NativeWorld();

    expect(failureOf(world.launch('web', config)).code).toBe('CONTAINER_INVALID');
    expect(world.state('web')).toBeUndefined();
    expect(world.files.has('/root/runtime/containers/web')).toBe(false);
  });

  it('refuses an id that names no container', () => {
    expect(failureOf(new NativeWorld().launch('../etc')).code).toBe('CONTAINER_INVALID');
  });
});

describe('a launch that fails', () => {
  it('leaves nothing of the container when the image cannot be had, and says why', () => {
    const world = new NativeWorld();
    world.provisioner.manual = true;
    const launched = world.launch('web');

    world.provisioner.pending[0]?.fail(
      Object.assign(new Error('no such tag'), { code: 'IMAGE_NOT_FOUND' }),
    );
    world.run(launched);

    expect(failureOf(launched)).toMatchObject({ code: 'IMAGE_NOT_FOUND', message: 'no such tag' });
    expect(world.state('web')).toBeUndefined();
    expect(world.files.has('/root/runtime/containers/web')).toBe(false);
    expect(world.provisioner.calls.at(-1)).toBe('destroy web');
  });

  it('undoes what was done when the launcher fails', () => {
    const calls: string[] = [];
    const world = new NativeWorld({
      isolators: [new FakeIsolator('one', calls), new FakeIsolator('two', calls)],
    });
    world.launcher.failLaunch = Object.assign(new Error('no'), { code: 'LAUNCH_FAILED' });

    expect(failureOf(world.launch('web')).code).toBe('LAUNCH_FAILED');

    expect(calls.slice(-2)).toEqual(['two cleanup web', 'one cleanup web']);
    expect(world.provisioner.calls.at(-1)).toBe('destroy web');
    expect(world.state('web')).toBeUndefined();
  });

  it('fails before anything is pulled when the configuration cannot be put on disk', () => {
    const world = new NativeWorld();
    world.files.full.add('/root/runtime/containers/web/config');

    expect(failureOf(world.launch('web')).code).toBe('CHECKPOINT_FAILED');
    expect(world.provisioner.calls.some((call) => call.startsWith('provision'))).toBe(false);
  });

  it('kills what was started when it cannot be put on disk who runs', () => {
    const world = new NativeWorld();
    world.files.full.add('/root/runtime/containers/web/pid');

    expect(failureOf(world.launch('web')).code).toBe('CHECKPOINT_FAILED');
    expect(world.launcher.destroyed).toEqual(['web']);
  });

  it('names every launcher that was tried, and why it does not work', () => {
    const world = new NativeWorld();
    world.launcher.works = false;

    expect(failureOf(world.launch('web'))).toMatchObject({
      code: 'NO_LAUNCHER',
      message: expect.stringContaining('linux: not installed') as string,
    });
  });

  it('refuses a launcher that does not exist here', () => {
    expect(failureOf(new NativeWorld().launch('web', { ...app, launcher: 'crun' })).code).toBe(
      'NO_LAUNCHER',
    );
  });
});

describe('a container destroyed while it is launched', () => {
  it('goes no further than its first record, and leaves nothing', () => {
    const world = new NativeWorld();
    const gate = new Deferred<void>();
    world.files.slow.set('/root/runtime/containers/web/config', gate);
    const launched = world.launch('web');

    const destroyed = world.run(world.containerizer.destroy('web'));
    expect(destroyed.isPending()).toBe(true);
    gate.set(undefined);
    world.run(destroyed);

    expect(failureOf(launched).code).toBe('CONTAINER_DESTROYED');
    expect(world.provisioner.calls).toEqual(['recover ', 'destroy web']);
    expect(world.files.has('/root/runtime/containers/web')).toBe(false);
  });

  it('gives up the pull at once, touches neither launcher nor isolators, and fails the launch', () => {
    const calls: string[] = [];
    const world = new NativeWorld({ isolators: [new FakeIsolator('one', calls)] });
    world.provisioner.manual = true;
    const launched = world.launch('web');

    const destroyed = world.run(world.containerizer.destroy('web'));

    expect(world.provisioner.calls.slice(-2)).toEqual(['discard web', 'destroy web']);
    expect(failureOf(launched).code).toBe('CONTAINER_DESTROYED');
    expect(destroyed.get()).toEqual({ reason: 'DESTROYED' });
    expect(calls.filter((call) => !call.includes('recover'))).toEqual([]);
    expect(world.launcher.destroyed).toEqual([]);
  });

  it('waits for an isolator that prepares, then cleans it up', () => {
    const calls: string[] = [];
    const isolator = new FakeIsolator('slow', calls);
    isolator.gate = new Deferred<LaunchContribution>();
    const world = new NativeWorld({ isolators: [isolator] });
    const launched = world.launch('web');

    const destroyed = world.run(world.containerizer.destroy('web'));
    const waited = world.run(world.containerizer.wait('web'));
    expect([destroyed.isPending(), waited.isPending(), calls.at(-1)]).toEqual([
      true,
      true,
      'slow prepare web',
    ]);

    isolator.gate.set({});
    world.run(destroyed);
    expect(calls.at(-1)).toBe('slow cleanup web');
    expect(destroyed.get()).not.toHaveProperty('exitStatus');
    expect(failureOf(launched).code).toBe('CONTAINER_DESTROYED');
    expect(world.launcher.requests).toEqual([]);
  });

  it('waits for the process it is starting, then kills it', () => {
    const world = new NativeWorld();
    world.launcher.manual = true;
    const launched = world.launch('web');

    const destroyed = world.run(world.containerizer.destroy('web'));
    expect(world.launcher.destroyed).toEqual([]);

    world.launcher.start('web');
    world.run(destroyed);
    expect(world.launcher.destroyed).toEqual(['web']);
    expect(destroyed.get()).toMatchObject({ exitStatus: 137, signal: 'SIGKILL' });
    expect(failureOf(launched).code).toBe('CONTAINER_DESTROYED');
  });

  it('is what kill does before there is a process to signal', () => {
    const world = new NativeWorld();
    world.provisioner.manual = true;
    const launched = world.launch('web');

    expect(world.run(world.containerizer.kill('web', 'SIGTERM')).get()).toBe(true);
    expect(failureOf(launched).code).toBe('CONTAINER_DESTROYED');
  });

  it('goes on launching when only the caller lost interest', () => {
    const world = new NativeWorld();
    world.launcher.manual = true;
    const launched = world.launch('web');

    launched.discard();
    world.launcher.start('web');
    world.run(launched);

    expect(world.state('web')).toBe('RUNNING');
  });
});
