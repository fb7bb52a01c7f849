import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { MesosContainerizer } from '@keelson/containerizer';
import { containerConfig, readContainers } from '@keelson/containerizer';
import type { PID } from '@keelson/process';
import { beforeAll, expect, it } from 'vitest';
import { written } from '../../../test/support/watched-files.js';
import { describeRealWorlds } from './support/real-world.js';

await describeRealWorlds('real containers by %s', ['crun', 'runc', 'linux'], (world) => {
  const root = world.host.effectiveUserId === 0;
  let agent: PID<MesosContainerizer>;

  beforeAll(async () => {
    agent = await world.agent();
  });

  it('echo says what it was told', async () => {
    expect(await world.run(agent, ['echo', 'hi there', '$HOME'])).toMatchObject({
      exitStatus: 0,
      stdout: 'hi there $HOME\n',
    });
  });

  it('reads the descriptor it was given, which stays open, and nothing without one', async () => {
    writeFileSync(`${world.directory}/input`, 'one\ntwo\n');
    const input = openSync(`${world.directory}/input`, 'r');
    readSync(input, Buffer.alloc(4));

    const read = await world.run(agent, ['cat'], {}, { stdin: input });
    expect([read.exitStatus, read.stdout]).toEqual([0, 'two\n']);
    closeSync(input);
    expect(await world.run(agent, ['cat'])).toMatchObject({ exitStatus: 0, stdout: '' });
  });

  it('runs in a folder behind a link', async () => {
    const ended = await world.run(agent, ['echo', 'there'], { rootfs: `${world.directory}/link` });
    expect(ended).toMatchObject({ exitStatus: 0, stdout: 'there\n' });
  });

  it('passes the exit status on', async () => {
    expect(await world.run(agent, ['sh', '-c', 'exit 42'])).toMatchObject({ exitStatus: 42 });
  });

  it('gives the environment that was asked for and nothing of ours', async () => {
    process.env['KEELSON_SECRET_OF_THE_AGENT'] = 'secret';
    const { stdout } = await world.run(agent, ['env'], { environment: { GREETING: 'a=b c' } });
    delete process.env['KEELSON_SECRET_OF_THE_AGENT'];
    expect(stdout).toContain('GREETING=a=b c\n');
    expect(stdout).not.toContain('KEELSON');
    expect(stdout).toContain('HOME=/root\n');
  });

  it('mounts volumes, read-only where asked', async () => {
    const folder = `${world.directory}/volume`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/file`, 'from outside\n');
    const volumes = [
      { hostPath: folder, containerPath: '/data', readOnly: false },
      { hostPath: folder, containerPath: '/fixed/deep', readOnly: true },
      { hostPath: `${folder}/file`, containerPath: '/etc/one', readOnly: true },
    ];

    const script =
      'cat /data/file /etc/one; echo inside > /data/new; (echo x > /fixed/deep/y) 2>/dev/null || echo refused';
    expect(await world.run(agent, ['sh', '-c', script], { volumes })).toMatchObject({
      stdout: 'from outside\nfrom outside\nrefused\n',
    });
    expect(readFileSync(`${folder}/new`, 'utf8')).toBe('inside\n');
    expect(existsSync(`${folder}/y`)).toBe(false);
  });

  if (root)
    it('becomes the user of the image, with its groups and no capabilities', async () => {
      const { stdout } = await world.run(agent, ['sh', '-c', 'id; grep CapEff /proc/self/status'], {
        user: 'app',
      });
      expect(stdout).toMatch(/uid=1234\S* gid=1235\S* groups=.*77/);
      expect(stdout).toMatch(/CapEff:\s+0{16}/);
    });

  it('has the default capabilities at most, none inheritable, and can gain no new privileges', async () => {
    const { stdout } = await world.run(agent, [
      'grep',
      '-E',
      'CapInh|CapBnd|CapAmb|NoNewPrivs',
      '/proc/self/status',
    ]);
    expect(stdout).toMatch(/CapInh:\s+0{16}/);
    expect(stdout).toMatch(/CapAmb:\s+0{16}/);
    expect(stdout).toMatch(/NoNewPrivs:\s+1/);
    const bounding = BigInt(`0x${/CapBnd:\s+(\S+)/.exec(stdout)?.[1]}`);
    expect(bounding & ~0xa80425fbn).toBe(0n);
  });

  it('cannot reach a disk of the host', async () => {
    const { stdout } = await world.run(agent, [
      'sh',
      '-c',
      '(mknod /disk b 8 0 && cat /disk) >/dev/null 2>&1 || echo refused',
    ]);
    expect(stdout).toBe('refused\n');
  });

  it('works in the directory asked for, made if it is missing', async () => {
    expect(await world.run(agent, ['pwd'], { workingDirectory: '/new/place' })).toMatchObject({
      stdout: '/new/place\n',
    });
  });

  it('has its own host name, processes and, when asked, network', async () => {
    const script = 'hostname; echo $$; ls /sys/class/net | grep -v lo; cat /etc/hostname /etc/hosts; true';
    const { stdout } = await world.run(agent, ['sh', '-c', script], { hostname: 'box', network: 'none' });
    expect(stdout).toBe(`box\n1\n${root ? 'box\n' : ''}127.0.0.1\tlocalhost\n::1\tlocalhost\n`);
  });

  it('has the name servers of the host where it is on its network, and cannot change them', async () => {
    const script = 'cat /etc/resolv.conf; (echo x > /etc/resolv.conf) 2>/dev/null || echo refused';
    const { stdout } = await world.run(agent, ['sh', '-c', script]);
    expect(stdout).toBe(`${existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : ''}refused\n`);
  });

  it('hides what tells about the whole machine, and lets nobody write to its knobs', async () => {
    const script = [
      'head -c 1 /proc/kcore | wc -c; ls /sys/firmware | wc -l',
      'for each in /proc/sys/kernel/domainname /proc/sysrq-trigger /sys/class; do',
      '(echo x > $each) 2>/dev/null && echo written; done; echo done',
    ].join('\n');
    expect((await world.run(agent, ['sh', '-c', script])).stdout).toBe('0\n0\ndone\n');
  });

  it('sees no part of the root filesystem of the host', async () => {
    const { stdout } = await world.run(agent, [
      'sh',
      '-c',
      `ls -d ${world.directory} /usr /boot 2>/dev/null; echo done`,
    ]);
    expect(stdout).toBe('done\n');
  });

  if (root)
    it('may not use more memory than it was given, and is told to have run out of it', async () => {
      const script = 'x=0123456789; while :; do x=$x$x; done';
      const ended = await world.run(agent, ['sh', '-c', script], { memoryBytes: 32 << 20 });
      expect(ended).toMatchObject({
        exitStatus: 137,
        signal: 'SIGKILL',
        reason: 'LIMITATION',
        message: expect.stringMatching(/out of memory.*33554432 bytes/) as string,
      });
    });

  if (root)
    it('is not said to be out of memory when it was killed otherwise', async () => {
      const id = await world.start(agent, ['sleep', '1000'], { memoryBytes: 32 << 20 });
      await agent.kill(id, 'SIGKILL');
      expect(await agent.wait(id)).toEqual({ exitStatus: 137, signal: 'SIGKILL' });
    });

  if (root)
    it('has the limits it was given as its control groups have them, and nothing of them is left after', async () => {
      const limits = { memoryBytes: 64 << 20, cpus: 0.25, processes: 20 };
      const id = await world.start(agent, ['sleep', '1000'], limits);
      const pid = (await agent.status(id)).pid!;

      const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
      expect(own.match(new RegExp(`:${world.group}/${id}/container$`, 'gm'))?.length).toBeGreaterThanOrEqual(1);
      expect(limitsOn(`${world.group}/${id}`)).toEqual(['67108864', '25000', '20']);
      await agent.destroy(id);
      expect(await world.cgroups.list(world.group)).toEqual([]);
    });

  if (root)
    it('cannot have more processes than it was given', async () => {
      const script = 'i=0; while [ $((i += 1)) -lt 30 ]; do sleep 5 & done; echo all';
      // The OCI runtimes want some for themselves at the start.
      const { stdout, stderr } = await world.run(agent, ['sh', '-c', script], { processes: 20 });
      expect(stdout).toBe('');
      expect(stderr).toMatch(/fork/);
    });

  if (root)
    it('shares network, IPC and host name with what is nested in it, and not its processes', async () => {
      const id = await world.start(agent, ['sleep', '1000'], { hostname: 'outer', network: 'none' });
      const nested = `${id}.inner`;
      await agent.launch(nested, containerConfig({ argv: ['sh', '-c', 'hostname; echo $$; sleep 1000'], stdio: 'sandbox' }));
      await written(world.paths.stdout(nested), '\n1\n');

      expect(world.output(nested).stdout).toBe('outer\n1\n');
      const [outer, inner] = [await namespacesOf(id), await namespacesOf(nested)];
      const same = Object.keys(outer).filter((kind) => outer[kind] === inner[kind]);
      expect(same.toSorted()).toEqual(['ipc', 'net', 'uts']);
      expect((await agent.destroy(id))?.reason).toBe('DESTROYED');
      expect(await agent.wait(nested)).toMatchObject({ exitStatus: 137, reason: 'DESTROYED' });
    });

  async function namespacesOf(id: string): Promise<Record<string, string>> {
    const { pid } = await agent.status(id);
    const kinds = ['pid', 'mnt', 'net', 'ipc', 'uts'];
    return Object.fromEntries(kinds.map((kind) => [kind, readlinkSync(`/proc/${pid}/ns/${kind}`)]));
  }

  it('keeps what it prints to each stream apart', async () => {
    expect(await world.run(agent, ['sh', '-c', 'echo out; echo err >&2'])).toMatchObject({
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it.each([
    ['a missing command', ['nope'], 'COMMAND_NOT_FOUND'],
    ['a script without its interpreter', ['orphan'], 'COMMAND_NOT_FOUND'],
    ['a file in no known format', ['garbage'], 'COMMAND_NOT_EXECUTABLE'],
    ['a file without the right to be executed', ['/bin/not-executable'], 'COMMAND_NOT_EXECUTABLE'],
  ])('refuses %s and leaves nothing behind', async (_what, argv, code) => {
    await expect(world.start(agent, argv).then((id) => id)).rejects.toMatchObject({ code });
    expect((await agent.containers()).every(({ state }) => state === 'EXITED')).toBe(true);
  });

  it('forwards a signal the program handles', async () => {
    const id = await world.start(agent, [
      'sh',
      '-c',
      'trap "echo got it; exit 5" TERM; echo ready; while :; do sleep 0.05; done',
    ]);
    await written(world.paths.stdout(id), 'ready');

    expect(await agent.kill(id, 'SIGTERM')).toBe(true);
    expect(await agent.wait(id)).toEqual({ exitStatus: 5 });
    expect(world.output(id).stdout).toBe('ready\ngot it\n');
  });

  it('tells a killed one by 128 + 9', async () => {
    const id = await world.start(agent, ['sleep', '1000']);
    expect(await agent.destroy(id)).toEqual({ exitStatus: 137, signal: 'SIGKILL', reason: 'DESTROYED' });
  });

  it('lives on when its agent ends; the next one sees it run, end, and how', async () => {
    const id = await world.start(agent, ['sh', '-c', 'while [ ! -e /go ]; do sleep 0.02; done; exit 9']);
    await world.endAgent();

    const seen = (await readContainers(world.paths, world.files, world.host)).find(
      ({ info }) => info.id === id,
    );
    expect(seen?.info.state).toBe('RUNNING');
    agent = await world.agent();
    expect(await agent.status(id)).toMatchObject({ state: 'RUNNING' });
    writeFileSync(`${world.rootfs}/go`, '');

    expect(await agent.wait(id)).toEqual({ exitStatus: 9 });
    await agent.remove(id);
    expect(existsSync(world.paths.container(id))).toBe(false);
  });

  it('has its status taken up by the next agent when it ended between two', async () => {
    const id = await world.start(agent, ['sh', '-c', 'exit 11']);
    const process = await agent.processOf(id);
    await world.endAgent();
    expect(await process?.status).toBe(11);

    agent = await world.agent();
    expect(await agent.status(id)).toMatchObject({ state: 'EXITED', exitStatus: 11 });
  });

  it('lives on when its monitor is killed, and is watched to an end that nobody can tell', async () => {
    const id = await world.start(agent, ['sh', '-c', 'while [ ! -e /stop ]; do sleep 0.02; done; exit 4']);
    const { monitor, pid } = (await agent.processOf(id))!;
    process.kill(monitor!.pid, 'SIGKILL');
    await world.host.exited(monitor!);
    expect(await agent.status(id)).toMatchObject({ state: 'RUNNING', pid });

    writeFileSync(`${world.rootfs}/stop`, '');
    expect(await agent.wait(id)).toMatchObject({ reason: 'UNWATCHED' });
    rmSync(`${world.rootfs}/stop`);
  });

  it('is found and ended by the next agent even if nobody could note who runs', async () => {
    const id = await world.start(agent, ['sleep', '1000']);
    const process = await agent.processOf(id);
    await world.endAgent();
    rmSync(world.paths.pid(id));

    agent = await world.agent();
    expect(await process?.status).toBe(137);
    expect((await agent.containers()).find((each) => each.id === id)).toBeUndefined();
  });

  it('leaves no mount behind', async () => {
    await world.run(agent, ['echo']);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(world.directory);
  });
});

/** Limits of memory, processor time and processes of a group, wherever this machine keeps them. */
function limitsOn(group: string): string[] {
  const read = (files: readonly string[]) => files.map((file) => `/sys/fs/cgroup/${file}`).find((file) => existsSync(file))!;
  const files = [
    [`memory${group}/memory.limit_in_bytes`, `${group}/memory.max`],
    [`cpu${group}/cpu.cfs_quota_us`, `${group}/cpu.max`],
    [`pids${group}/pids.max`, `${group}/pids.max`],
  ];
  return files.map((each) => readFileSync(read(each), 'utf8').trim().split(' ')[0]!);
}
