import type { CgroupLimits, CgroupMemoryEvents, Cgroups } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import type { ContainerConfig } from '@keelson/containerizer';
import { CgroupIsolator, containerConfig } from '@keelson/containerizer';
import { Future, Runtime, VirtualClock } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { FakeHost } from './support/fakes.js';

class FakeCgroups implements Cgroups {
  readonly groups = new Map<string, CgroupLimits>();
  readonly removed: string[] = [];
  events: CgroupMemoryEvents = { limitHits: 0 };
  fail: FileError | undefined;

  create(group: string, limits: CgroupLimits): Future<readonly string[]> {
    if (this.fail) return Future.failed(this.fail);
    this.groups.set(group, limits);
    return Future.ready([`/cgroup${group}/container/cgroup.procs`]);
  }

  memoryEvents(): Future<CgroupMemoryEvents> {
    return Future.ready(this.events);
  }

  remove(group: string): Future<void> {
    this.removed.push(group);
    return this.fail ? Future.failed(this.fail) : Future.ready(undefined);
  }

  removeEmpty(): Future<void> {
    return Future.ready(undefined);
  }

  list(): Future<readonly string[]> {
    return Future.ready([...this.groups.keys()].map((group) => group.slice('/keelson/a/'.length)));
  }
}

class World {
  readonly runtime = new Runtime({ clock: new VirtualClock() });
  readonly cgroups = new FakeCgroups();
  readonly isolator;

  constructor(effectiveUserId = 0) {
    const host = Object.assign(new FakeHost(), { effectiveUserId });
    this.isolator = this.runtime.spawn(new CgroupIsolator({ cgroups: this.cgroups, host, group: '/keelson/a' }));
  }

  run<T>(future: Future<T>): Future<T> {
    this.runtime.settle();
    return future;
  }

  prepare(id: string, config: Partial<ContainerConfig>) {
    return this.run(
      this.isolator.prepare(id, { config: containerConfig(config), rootfs: '/r', sandboxDirectory: '/s' }),
    );
  }
}

describe('the isolator of control groups', () => {
  it('makes a group with the limits, around the one the container goes into', () => {
    const world = new World();
    const { cgroup } = world.prepare('web', { memoryBytes: 1 << 20, cpus: 0.5, processes: 9 }).get();
    expect(cgroup).toEqual({
      path: '/keelson/a/web/container',
      members: ['/cgroup/keelson/a/web/container/cgroup.procs'],
    });
    expect(world.cgroups.groups.get('/keelson/a/web')).toEqual({ memoryBytes: 1 << 20, cpus: 0.5, processes: 9 });
  });

  it('makes none without limits, and says where an OCI runtime may make its own', () => {
    const world = new World();
    expect(world.prepare('web', {}).get()).toEqual({ cgroup: { path: '/keelson/a/web', members: [] } });
    expect(world.cgroups.groups.size).toBe(0);
  });

  it('refuses limits without root, and one that this machine cannot keep', () => {
    expect(new World(1000).prepare('web', { cpus: 1 }).failure()).toMatchObject({ code: 'CONTAINER_INVALID' });
    expect(new World(1000).prepare('web', {}).get()).toEqual({});
    const world = new World();
    world.cgroups.fail = new FileError('ENOTSUP', 'mkdir', '/x', "no cgroup controller 'memory'");
    expect(world.prepare('web', { memoryBytes: 1 << 20 }).failure()).toMatchObject({
      code: 'CONTAINER_INVALID',
      message: expect.stringContaining('memory') as string,
    });
    world.cgroups.fail = new FileError('ENOSPC', 'mkdir', '/x', 'full');
    expect(world.prepare('web', { memoryBytes: 1 << 20 }).failure()).toMatchObject({ code: 'ENOSPC' });
  });

  it.each<[string, number | undefined, CgroupMemoryEvents, boolean]>([
    ['the kernel counted a kill', 137, { oomKills: 1, limitHits: 9 }, true],
    ['the count is gone, but the limit was hit', 137, { limitHits: 9 }, true],
    ['the limit was hit and caches were given up', 137, { oomKills: 0, limitHits: 9 }, false],
    ['nothing was hit', 137, { limitHits: 0 }, false],
    ['it ended otherwise', 1, { oomKills: 1, limitHits: 9 }, false],
    ['nobody saw the end', undefined, { oomKills: 1, limitHits: 9 }, false],
  ])('tells out of memory when %s: %s %j %s', (_what, exitStatus, events, told) => {
    const world = new World();
    world.prepare('web', { memoryBytes: 1 << 20 });
    world.cgroups.events = events;
    const explained = world.run(world.isolator.explain('web', exitStatus)).get();
    expect(explained?.message).toEqual(told ? expect.stringContaining('1048576 bytes') : undefined);
  });

  it('ends what is in groups of containers nobody knows, and starts though one cannot be removed', () => {
    const world = new World();
    for (const id of ['web', 'gone', 'web.inner']) world.prepare(id, { cpus: 1 });
    expect(world.run(world.isolator.recover(['web', 'web.inner'])).isReady()).toBe(true);
    expect(world.cgroups.removed).toEqual(['/keelson/a/gone']);
    world.cgroups.fail = new FileError('EBUSY', 'rmdir', '/x', 'busy');
    expect(world.run(world.isolator.recover([])).isReady()).toBe(true);
  });

  it('removes the group when the container is cleaned up, also one it does not know', () => {
    const world = new World();
    world.run(world.isolator.cleanup('stranger'));
    expect(world.cgroups.removed).toEqual(['/keelson/a/stranger']);
  });
});
