import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { LocalCgroups } from '@keelson/os';
import { describe, expect, it } from 'vitest';
import { cgroupHierarchies, flatKeyed } from '../src/cgroup-hierarchies.js';

const root = process.geteuid?.() === 0;
const controllers = readFileSync('/proc/self/mountinfo', 'utf8');
const limited = root && / cgroup2? /.test(controllers);

describe('control groups of this machine', () => {
  const cgroups = new LocalCgroups();
  const group = `/keelson/test-${process.pid}`;

  it.runIf(limited)('are made with their limits, joined, and removed with who is in them', async () => {
    const members = await cgroups.create(`${group}/one`, { memoryBytes: 64 << 20, processes: 10 });
    const child = spawn('sleep', ['1000']);
    for (const file of members) writeFileSync(file, String(child.pid));

    expect(members.length).toBeGreaterThanOrEqual(1);
    expect(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8')).toContain(`${group}/one/container`);
    expect(await cgroups.list(group)).toEqual(['one']);
    expect(await cgroups.memoryEvents(`${group}/one`)).toMatchObject({ oomKills: 0 });

    const ended = once(child, 'exit');
    await cgroups.remove(group);
    expect((await ended)[1]).toBe('SIGKILL');
    expect(await cgroups.list(group)).toEqual([]);
    expect(members.filter((file) => existsSync(file))).toEqual([]);
  });

  it.runIf(limited)('go with the last group in them, where that is asked', async () => {
    const members = await cgroups.create(`${group}/last`, { processes: 10 });
    await cgroups.removeEmpty(group);
    expect(await cgroups.list(group)).toEqual(['last']);

    await cgroups.remove(`${group}/last`);
    const [folder = ''] = members.map((file) => file.slice(0, -'/last/container/cgroup.procs'.length));
    expect(existsSync(folder)).toBe(true);
    await cgroups.removeEmpty(group);
    expect(existsSync(folder)).toBe(false);
    await cgroups.removeEmpty(group);
  });

  it.runIf(limited)('are refused a limit the kernel does not take', async () => {
    await expect(cgroups.create(`${group}/two`, { processes: -5 }).toPromise()).rejects.toMatchObject({ code: 'EINVAL' });
    await cgroups.remove(group);
  });

  it('of an unknown name are gone already', async () => {
    await cgroups.remove(`${group}/nobody`);
    expect(await cgroups.list(`${group}/nobody`)).toEqual([]);
    expect(await cgroups.memoryEvents(`${group}/nobody`).repair(() => ({ limitHits: 0 }))).toMatchObject({ limitHits: 0 });
  });
});

describe('the mount table', () => {
  const line = (target: string, type: string, options: string) =>
    `30 25 0:26 / ${target} rw,relatime shared:4 - ${type} ${type} ${options}`;

  it('tells hierarchies of both versions and their controllers', () => {
    const text = [
      line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
      line('/sys/fs/cgroup/unified', 'cgroup2', 'rw'),
      line('/proc', 'proc', 'rw'),
    ].join('\n');
    expect(cgroupHierarchies(text, () => 'memory pids\n')).toEqual([
      { path: '/sys/fs/cgroup/cpu,cpuacct', version: 1, controllers: ['rw', 'cpu', 'cpuacct'] },
      { path: '/sys/fs/cgroup/unified', version: 2, controllers: ['memory', 'pids'] },
    ]);
  });

  it('finds a count in a flat keyed file', () => {
    const events = 'low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n';
    expect([flatKeyed(events, 'oom_kill'), flatKeyed(events, 'max'), flatKeyed(events, 'x')]).toEqual([2, 12, undefined]);
  });
});
