import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCgroups } from '@keelson/os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const line = (target: string) => `30 25 0:26 / ${target} rw,relatime shared:4 - cgroup2 cgroup2 rw`;

/** A folder with the files of a version 2 hierarchy, named and written as the kernel has them. */
describe('control groups of version 2, on a tree with the names of the kernel', () => {
  let root: string;
  let cgroups: LocalCgroups;
  const group = '/keelson/a/web';
  const at = (path: string) => join(root, path);
  const text = (path: string) => readFileSync(at(path), 'utf8');

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'keelson-cgroup2-'));
    cgroups = offering('cpuset cpu io memory hugetlb pids');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function offering(controllers: string): LocalCgroups {
    writeFileSync(at('cgroup.controllers'), `${controllers}\n`);
    return new LocalCgroups(() => line(root));
  }

  const refused = (work: PromiseLike<unknown>) =>
    Promise.resolve(work).then(() => 'none', ({ name, code }: { name: string; code: string }) => `${name} ${code}`);

  it('get every limit in the words of the kernel, and members in a leaf below', async () => {
    const members = await cgroups.create(group, { memoryBytes: 64 << 20, cpus: 0.25, processes: 20 });
    expect(members).toEqual([at('keelson/a/web/container/cgroup.procs')]);
    expect(text('keelson/a/web/memory.max')).toBe('67108864');
    expect(text('keelson/a/web/cpu.max')).toBe('25000 100000');
    expect(text('keelson/a/web/pids.max')).toBe('20');
    expect(readdirSync(at('keelson/a/web/container'))).toEqual([]);
  });

  it('are handed the controllers level by level down to the one with the limits, those that there are', async () => {
    await cgroups.create(group, { processes: 20 });
    for (const level of ['', 'keelson', 'keelson/a']) {
      expect(text(join(level, 'cgroup.subtree_control'))).toBe('+memory +cpu +pids');
    }
    expect(existsSync(at('keelson/a/web/cgroup.subtree_control'))).toBe(false);

    await offering('pids io').create('/keelson/b/job', { processes: 20 });
    expect(text('keelson/b/cgroup.subtree_control')).toBe('+pids');
  });

  it('give no less processor time than the kernel takes', async () => {
    await cgroups.create(group, { cpus: 0.001 });
    expect(text('keelson/a/web/cpu.max')).toBe('1000 100000');
  });

  it('tell kills and hits of the memory limit, and none where nothing was counted', async () => {
    mkdirSync(at('keelson/a/web'), { recursive: true });
    expect(await cgroups.memoryEvents(group)).toEqual({ oomKills: 0, limitHits: 0 });
    const events = 'low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n';
    writeFileSync(at('keelson/a/web/memory.events'), events);
    expect(await cgroups.memoryEvents(group)).toEqual({ oomKills: 2, limitHits: 12 });
  });

  it('are listed, and gone where they never were', async () => {
    await cgroups.create('/keelson/a/web', { processes: 1 });
    await cgroups.create('/keelson/a/job', { processes: 1 });
    expect((await cgroups.list('/keelson/a')).toSorted()).toEqual(['job', 'web']);
    expect(await cgroups.list('/keelson/none')).toEqual([]);
    await cgroups.remove('/keelson/none');
  });

  it.each([
    ['there is no controller for the limit', 'ENOTSUP', () => offering('hugetlb').create(group, { memoryBytes: 1 << 20 })],
    ['controllers cannot be handed down', 'EISDIR', () => (mkdirSync(at('cgroup.subtree_control')), cgroups.create(group, { cpus: 1 }))],
    ['a limit cannot be written', 'EISDIR', () => (mkdirSync(at('keelson/a/web/pids.max'), { recursive: true }), cgroups.create(group, { processes: 1 }))],
    ['a group cannot be made', 'ENOTDIR', () => (writeFileSync(at('keelson'), ''), cgroups.create(group, { processes: 1 }))],
    ['one cannot be listed', 'ENOTDIR', () => (writeFileSync(at('keelson'), ''), cgroups.list('/keelson'))],
    ['one cannot be removed', 'ENOTEMPTY', () => cgroups.create(group, { processes: 1 }).then(() => cgroups.remove(group))],
    ['events are asked of a machine without the controller', 'ENOTSUP', () => offering('pids').memoryEvents(group)],
  ])('fail with a code when %s: %s', async (_what, code, work) => {
    expect(await refused(work())).toBe(`FileError ${code}`);
  });
});

/** Where systemd's hybrid layout has version 2 beside version 1; alone, it is at the first. */
const mounted = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(join(path, 'cgroup.controllers')));

const root = process.geteuid?.() === 0;
const limits = { memory: { memoryBytes: 1 << 20 }, pids: { processes: 9 }, cpu: { cpus: 1 } } as const;
/** A controller that version 1 has on this machine. */
const elsewhere = (Object.keys(limits) as (keyof typeof limits)[]).find((each) => {
  return mounted && !readFileSync(join(mounted, 'cgroup.controllers'), 'utf8').split(/\s/).includes(each);
});

describe('control groups of version 2, of this kernel', () => {
  it.runIf(mounted !== undefined && root)('are removed with who is in them, leaves first', async () => {
    const cgroups = new LocalCgroups(() => line(mounted!));
    const group = `/keelson-v2-test-${process.pid}`;
    const leaf = join(mounted!, group, 'web/container');
    mkdirSync(leaf, { recursive: true });
    const child = spawn('sleep', ['1000']);
    const ended = once(child, 'exit');
    writeFileSync(join(leaf, 'cgroup.procs'), String(child.pid));
    expect(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8')).toContain(`0::${group}/web/container`);
    expect(await cgroups.list(group)).toEqual(['web']);
    await cgroups.remove(group);
    expect((await ended)[1]).toBe('SIGKILL');
    expect(existsSync(join(mounted!, group))).toBe(false);
  });

  it.runIf(elsewhere !== undefined && root)('are refused a limit whose controller is elsewhere, and leave nothing', async () => {
    const group = `/keelson-v2-none-${process.pid}`;
    const created = new LocalCgroups(() => line(mounted!)).create(group, limits[elsewhere!]);
    await expect(created.toPromise()).rejects.toMatchObject({
      code: 'ENOTSUP',
      message: expect.stringContaining(`'${elsewhere}'`),
    });
    expect(existsSync(join(mounted!, group))).toBe(false);
  });
});
