import { FileError } from '@keelson/os/ports';
import { Deferred, Future } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { World } from './support/world.js';

const app = 'docker.io/library/app:latest';

/** A store whose pulls find the disk full `times` times; `answer` says whether room can be made. */
function fullWorld(times: number, answer: () => Future<boolean>) {
  let asked = 0;
  let left = times;
  const makeRoom = (): Future<boolean> => {
    asked += 1;
    return answer();
  };
  const world = World.ready(undefined, { makeRoom });
  world.fakePuller.offer(app, ['a', 'b']);
  const { executor } = world;
  const execute = executor.execute.bind(executor);
  executor.execute = ((job: Parameters<typeof execute>[0]) => {
    if (job.name !== 'store.unpack-layer' || (left -= 1) < 0) return execute(job);
    return Future.failed(new FileError('ENOSPC', 'write', '/root', 'no space left on device'));
  }) as typeof executor.execute;
  return { world, asked: () => asked };
}

describe('a pull that finds the disk full', () => {
  it('is tried once more when room was made, and no oftener', () => {
    const once = fullWorld(1, () => Future.ready(true));
    expect(once.world.value(once.world.store.pull(app)).layers).toHaveLength(2);
    expect(once.asked()).toBe(1);

    const often = fullWorld(9, () => Future.ready(true));
    expect(often.world.failure(often.world.store.pull(app)).code).toBe('ENOSPC');
    expect(often.asked()).toBe(1);
    expect([often.world.leftovers(), often.world.value(often.world.store.roots())]).toEqual([[], []]);
  });

  it.each([
    ['none could be made', () => Future.ready(false)],
    ['that itself failed', () => Future.failed<boolean>(new Error('x'))],
  ])('fails with what it met when %s', (_why, answer) => {
    const { world } = fullWorld(1, answer);
    expect(world.failure(world.store.pull(app))).toMatchObject({ code: 'ENOSPC' });
    expect(world.value(world.store.roots())).toEqual([]);
  });

  it('holds its root meanwhile, so that room is not made by what it has unpacked', () => {
    const room = new Deferred<boolean>();
    const { world } = fullWorld(1, () => room.future);
    const pulled = world.store.pull(app);
    world.settle();
    expect(world.value(world.store.roots()).map(({ references }) => [...references])).toEqual([[app]]);
    room.set(true);
    expect(world.value(pulled).reference).toBe(app);
    expect(world.value(world.store.roots())).toEqual([]);
  });

  it('is not tried again, and rooted again, for who has let go meanwhile', () => {
    const room = new Deferred<boolean>();
    const { world } = fullWorld(1, () => room.future);
    const got = world.store.get(app, { owner: 'launch of web' });
    world.settle();
    got.discard();
    world.store.release('launch of web');
    world.settle();
    room.set(true);
    world.settle();
    expect(got.isPending()).toBe(false);
    expect(world.value(world.store.roots())).toEqual([]);
    expect(world.layersOnDisk()).not.toHaveLength(2);
  });
});
