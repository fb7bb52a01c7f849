import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent } from '@keelson/agent';
import type { AgentOptions, LaunchOptions } from '@keelson/agent';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missing, needs } from '../support/needs.js';
import { Dockerd } from './support/dockerd.js';
import { useWorld, wanted } from './support/world.js';

const needed = [...wanted, 'dockerd', 'runc'] as const;

/** Everything here runs against a real engine, which pulls from the registry of this file. */
describe('the docker containerizer', () => {
  const world = useWorld();
  let engine: Dockerd;
  let roots = 0;
  const agents: Agent[] = [];
  beforeAll(async () => {
    if (needed.some((need) => missing(need) !== undefined)) return;
    engine = new Dockerd();
    await engine.start();
  }, 120_000);
  beforeEach((context) => needs(context, ...needed));
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.close();
  });
  afterAll(async () => engine?.remove(), 120_000);

  const newRoot = (): string => join(world.folder, `docker-root-${(roots += 1)}`);
  async function start(root = newRoot(), options: Partial<AgentOptions> = {}): Promise<Agent> {
    const docker = { socket: engine.socket, ...options.docker };
    const agent = Agent.create({ root, lockTimeoutMs: 0, containerizers: ['mesos', 'docker'], ...options, docker });
    agents.push(agent);
    await agent.start();
    return agent;
  }
  /** Kills nothing and releases nothing but the lock: what `kill -9` leaves, but for the process. */
  const stop = async (agent: Agent): Promise<void> => agents.splice(agents.indexOf(agent), 1)[0]!.close();
  const launch = (agent: Agent, id: string, script: string, more: LaunchOptions = {}) =>
    agent.launch({ id, type: 'DOCKER', image: world.reference('app'), argv: ['sh', '-c', script], ...more });
  const ours = async (): Promise<string[]> => {
    const { body } = await engine.ask('GET', '/containers/json?all=true');
    return body.flatMap(({ Names }: { Names: string[] }) => Names);
  };
  const output = (root: string, id: string, stream = 'stdout') => readFileSync(join(root, 'sandboxes', id, stream), 'utf8');

  it('launches, and keeps what a container wrote and ended with when it has left the engine', async () => {
    const root = newRoot();
    const agent = await start(root);
    const info = await launch(agent, 'first', 'echo out; echo err >&2; exit 42');
    expect(info).toMatchObject({ id: 'first', launcher: 'docker' });
    expect(await agent.wait('first')).toEqual({ exitStatus: 42 });
    expect([output(root, 'first'), output(root, 'first', 'stderr')]).toEqual(['out\n', 'err\n']);
    expect(await ours()).toEqual([]);
    expect(await agent.containers()).toMatchObject([{ id: 'first', state: 'EXITED', exitStatus: 42 }]);
    await agent.remove('first');
    expect(await agent.containers()).toEqual([]);
  });

  it('gives environment, volumes, user, folder, hostname and limits as they were asked for', async () => {
    const root = newRoot();
    const shared = join(world.folder, 'docker-volume');
    mkdirSync(shared);
    writeFileSync(join(shared, 'in'), 'from outside\n');
    const agent = await start(root);
    const script = [
      'echo $APP $MINE; cat /data/in; echo no > /fixed/out || echo refused; id -u; pwd; hostname',
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max',
    ].join(';');
    await launch(agent, 'asked', script, {
      environment: { MINE: 'a b' },
      volumes: [
        { hostPath: shared, containerPath: '/data', readOnly: false },
        { hostPath: shared, containerPath: '/fixed', readOnly: true },
      ],
      user: '1000',
      workingDirectory: '/usr/lib',
      hostname: 'aboard',
      memoryBytes: 64 << 20,
      cpus: 0.5,
      network: 'none',
    });
    await agent.wait('asked');
    const expected = ['yes a b', 'from outside', 'refused', '1000', '/usr/lib', 'aboard', `${64 << 20}`];
    expect(output(root, 'asked').split('\n').slice(0, -1)).toEqual(expected);
  });

  it('tells a kill, a memory limit, a missing command, one that may not run, a user and a volume from each other', async () => {
    const agent = await start();
    const code = (answer: PromiseLike<unknown>) => Promise.resolve(answer).then(() => 'none', (error) => error.code);
    await launch(agent, 'killed', 'exec sleep 1000');
    expect(await agent.kill('killed', 'SIGKILL')).toBe(true);
    expect(await agent.wait('killed')).toEqual({ exitStatus: 137, signal: 'SIGKILL' });
    await launch(agent, 'hungry', 'x=$(head -c 100000000 /dev/zero | tr "\\0" x); echo $x', { memoryBytes: 16 << 20 });
    expect(await agent.wait('hungry')).toMatchObject({ exitStatus: 137, reason: 'LIMITATION' });

    const image = world.reference('app');
    const odd = (id: string, more: LaunchOptions) => code(agent.launch({ id, type: 'DOCKER', image, ...more }));
    expect(await odd('a', { argv: ['/no/such/program'] })).toBe('COMMAND_NOT_FOUND');
    expect(await odd('b', { argv: ['/etc/passwd'] })).toBe('COMMAND_NOT_EXECUTABLE');
    expect(await odd('c', { user: 'nobody-of-that-name' })).toBe('USER_UNKNOWN');
    const volumes = [{ hostPath: '/no/such/folder', containerPath: '/data', readOnly: false }];
    expect(await odd('d', { volumes })).toBe('MOUNT_REFUSED');
    expect(await odd('e', { memoryBytes: 1 })).toBe('CONTAINER_INVALID');
    expect(await odd('f', { rootfs: '/somewhere' })).toBe('CONTAINER_INVALID');
    expect(await odd('g', { image: `${image.replace('/app:', '/none:')}` })).toBe('IMAGE_NOT_FOUND');
    expect(await odd('h', { image: '127.0.0.1:1/none:1' })).toBe('ENGINE_PULL_FAILED');
    expect(await odd('i', { image: '127.0.0.1:1/No:1' })).toBe('INVALID_REFERENCE');
    expect((await agent.containers()).map(({ id }) => id).toSorted()).toEqual(['hungry', 'killed']);
    expect(await ours()).toEqual([]);
  });

  it('takes up again what ran while no agent watched, its log without a gap, and what ended meanwhile', async () => {
    const root = newRoot();
    const first = await start(root);
    const gate = join(world.folder, 'docker-gate');
    mkdirSync(gate);
    const volumes = [{ hostPath: gate, containerPath: '/gate', readOnly: false }];
    const script = 'echo one; until [ -e /gate/open ]; do sleep 0.05; done; echo two; until [ -e /gate/end ]; do sleep 0.05; done; exit 7';
    await launch(first, 'lasting', script, { volumes });
    await launch(first, 'ending', 'until [ -e /gate/open ]; do sleep 0.05; done; echo bye; exit 3', { volumes });
    const [before] = (await first.containers()).filter(({ id }) => id === 'lasting');
    await stop(first);
    const { body: running } = await engine.ask('GET', '/containers/json');
    const ending = running.find(({ Names }: { Names: string[] }) => Names[0]!.endsWith('.ending'));
    writeFileSync(join(gate, 'open'), '');
    expect((await engine.ask('POST', `/containers/${ending.Id}/wait`)).body.StatusCode).toBe(3);

    const second = await start(root, { containerizers: ['mesos'], docker: {} });
    expect(await second.wait('ending')).toEqual({ exitStatus: 3 });
    expect(output(root, 'ending')).toBe('bye\n');
    const [after] = (await second.containers()).filter(({ id }) => id === 'lasting');
    expect(after).toMatchObject({ state: 'RUNNING', pid: before!.pid });
    writeFileSync(join(gate, 'end'), '');
    expect(await second.wait('lasting')).toEqual({ exitStatus: 7 });
    expect(output(root, 'lasting')).toBe('one\ntwo\n');
    expect(await ours()).toEqual([]);
  });

  it('destroys what runs, and removes what is its own and on no record', async () => {
    const root = newRoot();
    const agent = await start(root);
    await launch(agent, 'victim', 'exec sleep 1000');
    const [name] = await ours();
    expect(await agent.destroy('victim')).toMatchObject({ exitStatus: 137, reason: 'DESTROYED' });
    expect(await ours()).toEqual([]);
    await stop(agent);

    const own = name!.slice('/keelson-'.length, name!.indexOf('.'));
    const make = (id: string, agentId: string) =>
      engine.ask('POST', `/containers/create?name=keelson-${agentId}.${id}`, {
        Image: world.reference('app'),
        Cmd: ['true'],
        Labels: { 'keelson.agent': agentId, 'keelson.container': id },
      });
    expect((await make('stray', own)).status).toBe(201);
    expect((await make('stray', 'somebodyelse')).status).toBe(201);
    await start(root);
    expect(await ours()).toEqual(['/keelson-somebodyelse.stray']);
    await engine.ask('DELETE', '/containers/keelson-somebodyelse.stray');
  });

  it('refuses a name that another container of the engine has', async () => {
    const root = newRoot();
    const agent = await start(root);
    await launch(agent, 'x', 'exec sleep 1000');
    const [name] = await ours();
    await agent.destroy('x');
    await engine.ask('POST', `/containers/create?name=${name!.slice(1)}`, { Image: world.reference('app'), Cmd: ['true'] });
    await expect(launch(agent, 'x', 'true').toPromise()).rejects.toMatchObject({ code: 'NAME_CONFLICT' });
    expect(await ours()).toEqual([name]);
    await engine.ask('DELETE', `/containers${name}`);
  });

  it('leaves the images of the engine alone, unless told to let it prune', async () => {
    const images = async (): Promise<string[]> =>
      (await engine.ask('GET', '/images/json')).body.flatMap(({ RepoTags }: { RepoTags: string[] | null }) => RepoTags ?? []);
    const careful = await start();
    await launch(careful, 'x', 'true', { image: world.reference('web') });
    await careful.wait('x');
    expect((await careful.pruneImages()).bytes.planned).toBe(0);
    expect(await images()).toEqual(expect.arrayContaining([world.reference('web'), world.reference('app')]));
    await stop(careful);

    const agent = await start(newRoot(), { docker: { prune: true } });
    await launch(agent, 'user', 'exec sleep 1000', { image: world.reference('busybox'), argv: ['sleep', '1000'] });
    const report = await agent.pruneImages({ exclude: [world.reference('app')], wait: true });
    expect(report.removed.images.map(({ reference }) => reference)).toEqual([world.reference('web')]);
    expect(report.bytes).toMatchObject({ planned: expect.any(Number), unlinked: report.bytes.planned });
    expect(report.bytes.planned).toBeGreaterThan(0);
    expect((await images()).toSorted()).toEqual([world.reference('app'), world.reference('busybox')]);
    await agent.destroy('user');
    expect(await ours()).toEqual([]);
  });

  it('lives through an engine that ends and comes back', async () => {
    const agent = await start();
    const said = join(world.folder, 'docker-said');
    mkdirSync(said);
    execFileSync('mkfifo', [join(said, 'trapped')]);
    const volumes = [{ hostPath: said, containerPath: '/said', readOnly: false }];
    const script = 'trap "exit 9" TERM; echo > /said/trapped; while true; do sleep 0.05; done';
    await launch(agent, 'x', script, { volumes });
    // A signal that comes before the trap would be lost on the first process of a container.
    await readFile(join(said, 'trapped'));
    await engine.stop();
    const refused = launch(agent, 'y', 'true').toPromise();
    await expect(refused).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    await engine.start();
    expect(await agent.wait('x')).toEqual({ exitStatus: 9 });
    expect(await ours()).toEqual([]);
  });

  it('is there on the command line: in the foreground and detached', async () => {
    const keelson = world.keelson();
    const image = world.reference('app');
    const docker = ['--containerizer', 'docker', '--docker-socket', engine.socket];
    const end = await keelson.run('run', ...docker, '--rm', image, '--', 'sh', '-c', 'echo hello; echo oh >&2; exit 5');
    expect(end).toMatchObject({ exitCode: 5, stdout: 'hello\n', stderr: expect.stringContaining('oh\n') });
    const { containerId } = await keelson.json('run', '-d', ...docker, '--name', 'left', image, '--', 'sleep', '1000');
    expect((await keelson.json('ps')).containers).toMatchObject([{ id: containerId, state: 'RUNNING', launcher: 'docker' }]);
    expect(await keelson.json('destroy', 'left')).toEqual({ containerId: 'left', destroyed: true });
    expect(await ours()).toEqual([]);
  });
});
