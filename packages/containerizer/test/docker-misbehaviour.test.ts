import type { ContainerizerError } from '@keelson/containerizer';
import { LogFrames, PullLines } from '@keelson/containerizer';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { app, codeOf, DockerWorld } from './support/docker-world.js';
import type { Misbehaviour } from './support/fake-engine.js';
import { frame } from './support/fake-engine.js';

let world: DockerWorld;
beforeEach(async () => {
  world = await new DockerWorld().open();
});
afterEach(() => world.close());

const say = (status: number, text: string): Misbehaviour => (response) => void response.writeHead(status).end(text);
const garbage: readonly (readonly [string, Misbehaviour, readonly string[]])[] = [
  ['a body that is no JSON', say(200, '<html>'), ['ENGINE_ERROR', 'LAUNCH_FAILED']],
  ['JSON of another shape', say(200, '[1,{"Id":{}}]'), ['ENGINE_ERROR', 'LAUNCH_FAILED']],
  ['null', say(200, 'null'), ['ENGINE_ERROR', 'LAUNCH_FAILED']],
  ['an unknown status', say(418, 'teapot'), ['ENGINE_ERROR', 'LAUNCH_FAILED']],
  ['an error of its own', say(500, '{"message":"I am\\nbroken"}'), ['ENGINE_ERROR', 'LAUNCH_FAILED']],
  ['nothing, and closes', (response) => void response.destroy(), ['ENGINE_UNREACHABLE']],
  ['half a body', (response) => void response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()), ['ENGINE_UNREACHABLE']],
  ['nothing, for ever', () => {}, ['ENGINE_TIMEOUT']],
];
const places = [
  'GET /images/docker.io/library/app:latest/json',
  'POST /containers/create',
  'POST /containers/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc1/start',
].map((place) => place.replace(/c{10,}1/, '1'.padStart(64, 'c')));

describe('an engine that answers a launch with', () => {
  it.each(garbage)('%s fails it with a code, and leaves nothing behind', async (_, misbehave, codes) => {
    // Short only for the one that says nothing: whoever answers must not be late on a busy machine.
    const docker = await world.start(codes.includes('ENGINE_TIMEOUT') ? { timeoutMs: 1_000 } : {});
    for (const place of places) {
      world.engine.misbehaviours.set(place, misbehave);
      const code = await codeOf(docker.launch('web', app()));
      expect(codes).toContain(code);
      expect(await docker.containers()).toEqual([]);
      expect(world.engine.containers.size).toBe(0);
    }
  });
});

describe('an engine that misbehaves', () => {
  it('by dripping bytes gets no more time than one that says nothing', async () => {
    const docker = await world.start({ timeoutMs: 200 });
    world.engine.misbehaviours.set(places[0]!, (response) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.writeHead(200).once('close', () => clearInterval(timer));
    });
    expect(await codeOf(docker.launch('web', app()))).toBe('ENGINE_TIMEOUT');
  });

  it('by saying more than anybody reads is cut off', async () => {
    const docker = await world.start();
    world.engine.misbehaviours.set(places[0]!, (response) => {
      const piece = Buffer.alloc(1 << 20, ' ');
      const more = (): void => void (response.destroyed || response.write(piece, more));
      more();
    });
    expect(await codeOf(docker.launch('web', app()))).toBe('ENGINE_ERROR');
  });

  it.each([
    ['says nothing', '', 'ENGINE_PULL_FAILED'],
    ['says what is no JSON', 'oops\n', 'ENGINE_PULL_FAILED'],
    ['says an endless line', 'x'.repeat(3 << 20), 'ENGINE_PULL_FAILED'],
    ['fails in its last line', '{"status":"a"}\n{"errorDetail":{"message":"disk full"}}', 'ENGINE_PULL_FAILED'],
    ['knows no such image', '{"error":"manifest unknown"}\n', 'IMAGE_NOT_FOUND'],
    ['claims to have pulled and has not', '{"status":"done"}\n', 'IMAGE_NOT_FOUND'],
  ])('in a pull that %s fails the launch', async (_, text, code) => {
    const docker = await world.start();
    world.engine.misbehaviours.set('POST /images/create', say(200, text));
    expect(await codeOf(docker.launch('web', app({ image: { type: 'DOCKER', name: 'other' } })))).toBe(code);
  });

  it('by breaking off waits and logs, or by claiming an end that is none, does not lose the end', async () => {
    const docker = await world.start({ stopTimeoutMs: 200 });
    const id = '1'.padStart(64, 'c');
    const broken: Misbehaviour = (response) => void response.writeHead(200).write('{"Stat', () => response.destroy());
    world.engine.misbehaviours.set(`POST /containers/${id}/wait`, broken);
    world.engine.misbehaviours.set(`GET /containers/${id}/logs`, say(200, 'this is no frame'));
    await docker.launch('web', app());
    const again = say(200, '{"StatusCode":99}');
    const seen = () => world.engine.requests.filter((request) => request.endsWith('/wait')).length;
    while (seen() < 2) await new Promise((resolve) => setImmediate(resolve));
    world.engine.misbehaviours.set(`POST /containers/${id}/wait`, again);
    for (const waiting of world.engine.only.waiting.splice(0)) waiting.destroy();
    while (seen() < 4) await new Promise((resolve) => setImmediate(resolve));
    expect(await docker.status('web')).toMatchObject({ state: 'RUNNING' });
    world.engine.write(world.engine.only, 1, 'whole\n');
    world.engine.end(world.engine.only, 4);
    expect(await docker.wait('web')).toEqual({ exitStatus: 4 });
    expect(world.output('web')).toBe('whole\n');
  });

  it('by not ending what it was told to kill fails the destroy, which can be tried again', async () => {
    const docker = await world.start({ stopTimeoutMs: 500 });
    await docker.launch('web', app());
    const container = world.engine.only;
    world.engine.misbehaviours.set(`POST /containers/${container.id}/kill`, (response) => void response.writeHead(204).end());
    expect(await codeOf(docker.destroy('web'))).toBe('DESTROY_FAILED');
    expect(await docker.status('web')).toMatchObject({ message: expect.stringContaining('has not ended') });
    expect(await docker.destroy('web')).toMatchObject({ exitStatus: 137 });
  });

  it('by being of an old version is told so', async () => {
    world.engine.apiVersion = '1.20';
    const docker = await world.start();
    expect(await codeOf(docker.launch('web', app()))).toBe('ENGINE_ERROR');
  });

  it('by not being there is unreachable', async () => {
    const docker = await world.start({ socket: '/nowhere/engine.sock' });
    expect(await codeOf(docker.launch('web', app()))).toBe('ENGINE_UNREACHABLE');
    expect(await docker.containers()).toEqual([]);
  });
});

describe('the frames of a log', () => {
  const pieces = fc.array(fc.tuple(fc.constantFrom(0, 1, 2), fc.uint8Array({ maxLength: 40 })), { maxLength: 20 });
  const read = (frames: LogFrames, bytes: Uint8Array, into: Record<'stdout' | 'stderr', number[]>): void => {
    for (const piece of frames.push(bytes)) into[piece.stream].push(...piece.bytes);
  };

  it('come out as they were written, however they are cut', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (written, cuts) => {
        const whole = Buffer.concat(written.map(([stream, bytes]) => frame(stream, Buffer.from(bytes))));
        const frames = new LogFrames();
        const out = { stdout: [] as number[], stderr: [] as number[] };
        for (let at = 0, index = 0; at < whole.length; index += 1) {
          const size = cuts[index % cuts.length]!;
          read(frames, whole.subarray(at, at + size), out);
          at += size;
        }
        const expected = (wanted: boolean) => written.filter(([stream]) => (stream === 2) === wanted).flatMap(([, bytes]) => [...bytes]);
        expect(out).toEqual({ stdout: expected(false), stderr: expected(true) });
      }),
    );
  });

  it('that are none are refused with a code, and nothing worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new LogFrames().push(bytes);
        } catch (error) {
          expect((error as ContainerizerError).code).toBe('ENGINE_ERROR');
        }
        expect(() => {
          const lines = new PullLines();
          lines.push(bytes);
          lines.end();
        }).not.toThrow();
      }),
    );
  });
});
