import { readFileSync, writeFileSync } from 'node:fs';
import { containerConfig } from '@keelson/containerizer';
import { givenAccess } from '@keelson/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { app, codeOf, DockerWorld, image, until } from './support/docker-world.js';

let world: DockerWorld;
beforeEach(async () => {
  world = await new DockerWorld().open();
});
afterEach(() => world.close());

describe('a container in a Docker engine', () => {
  it('runs, and when it has ended its log and exit status are ours and the engine is rid of it', async () => {
    const docker = await world.start();
    expect(await docker.launch('web', app())).toBe('SUCCESS');
    expect(await docker.status('web')).toMatchObject({ id: 'web', state: 'RUNNING', launcher: 'docker', pid: process.pid });
    const container = world.engine.only;
    world.engine.write(container, 1, 'out\n');
    world.engine.write(container, 2, 'err\n');
    world.engine.end(container, 42);
    expect(await docker.wait('web')).toEqual({ exitStatus: 42 });
    expect([world.output('web'), world.output('web', 'stderr')]).toEqual(['out\n', 'err\n']);
    expect(world.engine.containers.size).toBe(0);
    expect(await docker.containers()).toMatchObject([{ state: 'EXITED', exitStatus: 42 }]);
    await docker.remove('web');
    expect(await docker.containers()).toEqual([]);
    expect(await docker.wait('web')).toBeUndefined();
  });

  it('is asked for as it was wanted', async () => {
    world.engine.addImage(image, { Entrypoint: ['/init'], Cmd: ['ignored'] });
    const docker = await world.start();
    const volumes = [{ hostPath: '/host', containerPath: '/data/', readOnly: true }];
    const wanted = { argv: ['x', 'y'], environment: { A: 'b=c' }, volumes, user: 'web', workingDirectory: '/srv' };
    const limits = { memoryBytes: 8 << 20, cpus: 0.5, processes: 9 };
    await docker.launch('web', app({ ...wanted, ...limits, hostname: 'aboard', network: 'none' }));
    const { name, body } = world.engine.only;
    expect(name).toMatch(/^keelson-[0-9a-f]{24}\.web$/);
    expect(body).toMatchObject({
      Image: expect.stringMatching(/^sha256:/),
      Entrypoint: ['/init', 'x', 'y'],
      Cmd: [],
      Env: ['A=b=c'],
      User: 'web',
      WorkingDir: '/srv',
      Hostname: 'aboard',
      HostConfig: {
        NetworkMode: 'none',
        Memory: 8 << 20,
        MemorySwap: 8 << 20,
        NanoCpus: 5e8,
        PidsLimit: 9,
        SecurityOpt: ['no-new-privileges'],
        Mounts: [{ Type: 'bind', Source: '/host', Target: '/data', ReadOnly: true }],
      },
    });
    expect(name).toContain(body.Labels['keelson.agent']);
  });

  it.each([
    [{ entrypoint: ['/mine'] }, ['/mine']],
    [{ argv: ['x'] }, ['/init', 'x']],
    [{}, ['/init', 'serve']],
  ])('starts what the table of commands says of %j', async (wanted, argv) => {
    world.engine.addImage(image, { Entrypoint: ['/init'], Cmd: ['serve'] });
    await (await world.start()).launch('web', app(wanted));
    expect(world.engine.only.body.Entrypoint).toEqual(argv);
  });

  it('has its image pulled when the engine has none, or one of another platform', async () => {
    const found = world.engine.images.get(image);
    world.engine.pullable.set(image, { ...found, Architecture: 'arm64' });
    const docker = await world.start();
    await docker.launch('arm', app({ platform: { os: 'linux', architecture: 'arm64' } }));
    await docker.launch('again', app());
    expect(world.engine.requests.filter((request) => request === 'POST /images/create')).toHaveLength(1);
  });

  it('has its image pulled with the credentials of who launches it, even if the engine has it', async () => {
    const docker = await world.start();
    const access = givenAccess('docker.io', 'user', 'secret of the test');
    let header: string | undefined;
    world.engine.misbehaviours.set('POST /images/create', (response, request) => {
      header = request.headers['x-registry-auth'] as string;
      response.writeHead(200).end('{"status":"done"}');
    });
    await docker.launch('web', app(), { access });
    const shown = JSON.parse(Buffer.from(header!, 'base64url').toString());
    expect(shown).toEqual({ username: 'user', password: 'secret of the test' });
    expect([...world.log, readFileSync(world.paths.config('web'), 'utf8')].join()).not.toContain('secret of the test');

    world.engine.misbehaviours.set('POST /images/create', (response) =>
      response.writeHead(500).end('{"message":"unauthorized"}'),
    );
    const refused = docker.launch('again', app(), { access: givenAccess('docker.io', 'user', 'wrong') });
    expect(await codeOf(refused)).toBe('ENGINE_PULL_FAILED');
  });

  it('is not launched twice, and what is not for an engine is not taken or told why', async () => {
    const docker = await world.start();
    await docker.launch('web', app());
    expect(await docker.launch('web', app())).toBe('ALREADY_LAUNCHED');
    const picture = { type: 'DOCKER', name: 'app' } as const;
    const odd = [
      { rootfs: '/folder', image: undefined },
      { provisionOnly: true },
      { launcher: 'crun' },
      { backend: 'copy' },
      { stdio: 'inherit' },
      { volumes: [{ image: picture, containerPath: '/x', readOnly: true }] },
      { memoryBytes: 0 },
      { processes: 0 },
      { cpus: Number.NaN },
    ] as object[];
    for (const wanted of odd) {
      expect(await codeOf(docker.launch('odd', app(wanted)))).toBe('CONTAINER_INVALID');
      const { type: _, ...untyped } = app(wanted);
      expect(await docker.launch('odd', untyped)).toBe('NOT_SUPPORTED');
    }
    expect(await docker.launch('odd', app({ type: 'MESOS' }))).toBe('NOT_SUPPORTED');
    expect(await codeOf(docker.launch('web.child', app()))).toBe('CONTAINER_INVALID');
    expect(await codeOf(docker.launch('../up', app()))).toBe('CONTAINER_INVALID');
    const untyped = containerConfig({ image: picture, stdio: 'sandbox' });
    expect(await docker.launch('untyped', untyped)).toBe('SUCCESS');
  });

  it.each([
    ['COMMAND_MISSING', { entrypoint: [] }],
    ['CONTAINER_INVALID', { environment: { 'A=B': 'c' } }],
    ['CONTAINER_INVALID', { workingDirectory: 'relative' }],
    ['MOUNT_REFUSED', { volumes: [{ hostPath: 'relative', containerPath: '/x', readOnly: true }] }],
    ['MOUNT_REFUSED', { volumes: [{ hostPath: '/x', containerPath: '/data/../proc', readOnly: true }] }],
    ['MOUNT_REFUSED', { volumes: [{ hostPath: '/x', containerPath: '//proc/1', readOnly: true }] }],
    ['INVALID_REFERENCE', { image: { type: 'DOCKER', name: 'oci:/some/Folder' } as const }],
    ['IMAGE_NOT_FOUND', { image: { type: 'DOCKER', name: 'none' } as const }],
  ])('is refused with %s, and leaves nothing: %j', async (code, wanted) => {
    const docker = await world.start();
    expect(await codeOf(docker.launch('web', app(wanted)))).toBe(code);
    expect(await docker.containers()).toEqual([]);
    expect(world.engine.containers.size).toBe(0);
  });

  it.each([
    [127, 'no such file', 'COMMAND_NOT_FOUND'],
    [126, 'permission denied', 'COMMAND_NOT_EXECUTABLE'],
    [0, 'unable to find user web: no matching entries in passwd file', 'USER_UNKNOWN'],
    [128, 'the runtime fails', 'LAUNCH_FAILED'],
  ])('that cannot be started with %i, "%s" is %s', async (exitCode, message, code) => {
    world.engine.onStart = (container) => {
      container.exitCode = exitCode;
      return { status: 400, message };
    };
    const docker = await world.start();
    expect(await codeOf(docker.launch('web', app()))).toBe(code);
    expect([await docker.containers(), world.engine.containers.size]).toEqual([[], 0]);
  });

  it('is signalled, killed and destroyed', async () => {
    const docker = await world.start();
    await docker.launch('web', app());
    expect(await docker.kill('web', 'SIGTERM')).toBe(true);
    expect(await docker.status('web')).toMatchObject({ state: 'RUNNING' });
    expect(await codeOf(docker.remove('web'))).toBe('CONTAINER_RUNNING');
    expect(await docker.destroy('web')).toEqual({ exitStatus: 137, signal: 'SIGKILL', reason: 'DESTROYED' });
    expect(await docker.kill('web', 'SIGTERM')).toBe(false);
    expect(await docker.destroy('none')).toBeUndefined();
    expect(world.engine.containers.size).toBe(0);
  });

  it('that ran out of memory says so', async () => {
    const docker = await world.start();
    await docker.launch('web', app({ memoryBytes: 8 << 20 }));
    world.engine.only.oomKilled = true;
    world.engine.end(world.engine.only, 137);
    expect(await docker.wait('web')).toMatchObject({ exitStatus: 137, reason: 'LIMITATION' });
  });

  it('that somebody removed from the engine has ended as far as is known', async () => {
    const docker = await world.start();
    await docker.launch('web', app());
    const container = world.engine.only;
    await until(() => container.waiting.length > 0);
    world.engine.containers.delete(container.id);
    world.engine.end(container, 9);
    expect(await docker.wait('web')).toMatchObject({ exitStatus: 9 });
  });

  it('is given up while its image is pulled', async () => {
    let open = false;
    world.engine.misbehaviours.set('POST /images/create', (response) => {
      open = true;
      response.writeHead(200).flushHeaders();
      response.once('close', () => (open = false));
    });
    const docker = await world.start();
    const launched = docker.launch('web', app({ image: { type: 'DOCKER', name: 'slow' } }));
    await until(() => open);
    expect(await docker.kill('web', 'SIGTERM')).toBe(true);
    expect(await codeOf(launched)).toBe('CONTAINER_DESTROYED');
    await until(() => !open);
    await docker.destroy('web');
    expect(await docker.containers()).toEqual([]);
  });

  it('has its image pulled again when that was pruned before the create', async () => {
    world.engine.pullable.set(image, world.engine.images.get(image));
    world.engine.misbehaviours.set('POST /containers/create', (response) => {
      world.engine.images.clear();
      response.writeHead(404).end('{"message":"No such image"}');
    });
    expect(await (await world.start()).launch('web', app())).toBe('SUCCESS');
  });

  it('takes the place of one that an unanswered create made, and never that of a stranger', async () => {
    const docker = await world.start();
    await docker.launch('web', app());
    const { name, body } = world.engine.only;
    await docker.destroy('web');
    await docker.remove('web');
    const create = (Labels: object): Promise<unknown> =>
      world.http
        .request({
          method: 'POST',
          url: `http://engine/containers/create?name=${name}`,
          socketPath: world.engine.socket,
          body: new TextEncoder().encode(JSON.stringify({ ...body, Labels })),
        })
        .toPromise();
    await create(body.Labels);
    expect(await docker.launch('web', app())).toBe('SUCCESS');
    await docker.destroy('web');
    await docker.remove('web');
    await create({ 'keelson.agent': 'another' });
    expect(await codeOf(docker.launch('web', app()))).toBe('NAME_CONFLICT');
    expect(world.engine.only.body.Labels).toEqual({ 'keelson.agent': 'another' });
  });
});

describe('prune', () => {
  it('is a logged success that touches nothing, unless it was asked for', async () => {
    const docker = await world.start();
    expect((await docker.pruneImages([])).bytes.planned).toBe(0);
    expect(world.log).toContainEqual(expect.stringContaining('prunes nothing'));
    const pruning = await world.start({ prune: true });
    await pruning.pruneImages([], { planHash: 'x' });
    await pruning.pruneImages([], { reclaim: { bytes: 1, unusedSince: '2026-01-01T00:00:00.000Z' } });
    expect(world.engine.requests).not.toContain('POST /images/prune');
  });

  it('reports what the engine reclaimed, and keeps what is excluded', async () => {
    const digest = `sha256:${'b'.repeat(64)}`;
    let kept: unknown;
    world.engine.misbehaviours.set('POST /images/prune', (response) => {
      kept = world.engine.only.body.Image;
      const ImagesDeleted = [{ Untagged: 'old:1' }, { Untagged: `old@${digest}` }, { Deleted: digest }, {}, { Deleted: 'x' }];
      response.end(JSON.stringify({ ImagesDeleted, SpaceReclaimed: 1234 }));
    });
    const docker = await world.start({ prune: true });
    const excluded = ['app', 'unknown'].map((name) => ({ type: 'DOCKER' as const, name }));
    expect(await docker.pruneImages(excluded)).toMatchObject({
      removed: { images: [{ reference: 'docker.io/library/old:1', digest }] },
      bytes: { planned: 1234, unlinked: 1234 },
      unmatchedExclusions: [],
    });
    expect(kept).toBe(world.engine.images.get(image).Id);
    expect(world.engine.containers.size).toBe(0);
  });

  it('that the engine refuses fails, and leaves no container that guarded an image', async () => {
    world.engine.misbehaviours.set('POST /images/prune', (response) => {
      response.writeHead(409).end('{"message":"a prune operation is already running"}');
    });
    const docker = await world.start({ prune: true });
    expect(await codeOf(docker.pruneImages([{ type: 'DOCKER', name: 'app' }]))).toBe('ENGINE_ERROR');
    expect(world.engine.containers.size).toBe(0);
  });
});

describe('a later life', () => {
  it('takes up what runs, with its log where it was, whoever else copied it meanwhile', async () => {
    const first = await world.start();
    await first.launch('web', app());
    const container = world.engine.only;
    world.engine.write(container, 1, 'one\n');
    await until(() => existsWith('one\n'));
    await world.endLives();
    const second = await world.start({ launches: false, socket: '/nowhere' });
    expect(await second.containers()).toMatchObject([{ id: 'web', state: 'RUNNING' }]);
    world.engine.write(container, 1, 'two\n');
    world.engine.end(container, 0);
    expect(await second.wait('web')).toEqual({ exitStatus: 0 });
    expect(world.output('web')).toBe('one\ntwo\n');
  });

  it('tells what ended meanwhile, and clears away what never ran', async () => {
    const first = await world.start();
    await first.launch('ended', app());
    world.engine.onStart = () => ({ status: 500, message: 'no' });
    world.engine.misbehaviours.set('DELETE /containers/2', () => {});
    await first.quiesce();
    await world.endLives();
    const { id } = world.engine.only;
    Object.assign(world.engine.only, { running: false, exitCode: 3, log: Buffer.alloc(0) });
    const second = await world.start();
    expect(await second.wait('ended')).toEqual({ exitStatus: 3 });
    expect([...world.engine.containers.keys()]).not.toContain(id);
  });

  it('removes what carries its id and is on no record, and nothing else', async () => {
    const first = await world.start();
    await first.launch('web', app());
    const own = world.engine.only;
    const stray = { ...own, id: 'd'.repeat(64), name: own.name.replace('.web', '.stray'), waiting: [], following: [] };
    const other = { ...stray, id: 'e'.repeat(64), name: 'other', body: { Labels: { 'keelson.agent': 'other' } } };
    for (const each of [stray, other]) world.engine.containers.set(each.id, each);
    await world.endLives();
    await world.start();
    expect([...world.engine.containers.keys()]).toEqual([own.id, other.id]);
  });

  it('starts although the engine is away, and learns the end once it is back', async () => {
    const first = await world.start();
    await first.launch('web', app());
    await world.endLives();
    await world.engine.close();
    const second = await world.start();
    expect(await second.containers()).toMatchObject([{ id: 'web', state: 'RUNNING' }]);
    expect(await codeOf(second.destroy('web'))).toBe('DESTROY_FAILED');
    expect(world.log).toContainEqual(expect.stringContaining('Cannot reach the engine'));
    Object.assign(world.engine.only, { running: false, exitCode: 5 });
    await world.engine.listen();
    expect(await second.destroy('web')).toMatchObject({ exitStatus: 5 });
  });

  it('asks no engine when there is nothing to ask it', async () => {
    await world.start({ launches: false });
    expect(world.engine.requests).toEqual([]);
    const off = await world.start({ launches: false });
    expect(await codeOf(off.launch('web', app()))).toBe('CONTAINER_INVALID');
  });

  it('finds a container by its name when the record of its id is damaged', async () => {
    const first = await world.start();
    await first.launch('web', app());
    await world.endLives();
    const path = `${world.paths.container('web')}/engine`;
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
    const second = await world.start();
    expect((await second.containers()).filter(({ state }) => state === 'RUNNING')).toMatchObject([{ id: 'web' }]);
  });
});

function existsWith(text: string): boolean {
  try {
    return world.output('web') === text;
  } catch {
    return false;
  }
}
