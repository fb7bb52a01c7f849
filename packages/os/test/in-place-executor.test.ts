import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InPlaceExecutor, PoolExecutor, type RemovedTree } from '@keelson/os';
import { temporaryDirectory } from './temporary-directory.js';

type Finished = (clean: () => Promise<void> | void) => void;

const jobs = { echo: new URL('./jobs/echo.js', import.meta.url) };

function executorFor(onTestFinished: Finished, removalsMs?: number) {
  let threads = 0;
  const count = (): void => void (threads += 1);
  process.on('worker', count);
  const executor = new InPlaceExecutor(new PoolExecutor({ jobs }), removalsMs);
  onTestFinished(async () => {
    await executor.close();
    process.off('worker', count);
  });
  return { executor, threads: () => threads };
}

/** A tree of seven entries. */
function plantTree(path: string): string {
  for (const folder of ['a', 'b/c']) mkdirSync(`${path}/tree/${folder}`, { recursive: true });
  for (const file of ['1', 'a/2', 'b/c/3']) writeFileSync(`${path}/tree/${file}`, 'x');
  return `${path}/tree`;
}

describe('InPlaceExecutor', () => {
  it('runs what takes a few system calls without a thread', async ({ onTestFinished }) => {
    const { executor, threads } = executorFor(onTestFinished);
    const path = temporaryDirectory(onTestFinished);

    const probed = await executor.execute({ name: 'os.probe-directory', input: { path } });

    expect([probed, threads()]).toEqual([{ type: expect.any(String), entryTypes: true }, 0]);
  });

  it('fails with the code of such a job', async ({ onTestFinished }) => {
    const { executor } = executorFor(onTestFinished);
    const input = { path: `${temporaryDirectory(onTestFinished)}/missing` };

    await expect(executor.execute({ name: 'os.probe-directory', input })).rejects.toMatchObject({
      name: 'JobError',
      code: 'ENOENT',
    });
  });

  it('removes a small tree without a thread', async ({ onTestFinished }) => {
    const { executor, threads } = executorFor(onTestFinished, 60_000);
    const path = plantTree(temporaryDirectory(onTestFinished));

    const removed = await executor.execute<RemovedTree>({ name: 'os.remove-tree', input: { path } });

    expect([removed, existsSync(path), threads()]).toEqual([
      { entries: 7, unlinkedBytes: expect.any(Number) },
      false,
      0,
    ]);
  });

  it('has a thread go on with a tree that takes longer, and tells of all of it', async ({ onTestFinished }) => {
    // Over before the first directory is left, at the latest.
    const { executor, threads } = executorFor(onTestFinished, Number.MIN_VALUE);
    const path = plantTree(temporaryDirectory(onTestFinished));

    const removed = await executor.execute<RemovedTree>({ name: 'os.remove-tree', input: { path } });

    expect([removed, existsSync(path), threads()]).toEqual([
      { entries: 7, unlinkedBytes: expect.any(Number) },
      false,
      1,
    ]);
  });

  it('leaves all trees to threads once its time for them is over', async ({ onTestFinished }) => {
    const { executor, threads } = executorFor(onTestFinished, 0);
    const path = plantTree(temporaryDirectory(onTestFinished));

    const removed = await executor.execute<RemovedTree>({ name: 'os.remove-tree', input: { path } });

    expect([removed.entries, existsSync(path), threads()]).toEqual([7, false, 1]);
  });

  it('removes one tree after the other, and fails for each alone', async ({ onTestFinished }) => {
    const { executor, threads } = executorFor(onTestFinished, 60_000);
    const directory = temporaryDirectory(onTestFinished);
    const remove = (path: string) => executor.execute<RemovedTree>({ name: 'os.remove-tree', input: { path } });
    writeFileSync(`${directory}/file`, '');

    const below = remove(`${directory}/file/below`);
    const tree = remove(plantTree(directory));

    await expect(below).rejects.toMatchObject({ code: 'ENOTDIR' });
    expect([(await tree).entries, threads()]).toEqual([7, 0]);
  });

  it('hands on every other job', async ({ onTestFinished }) => {
    const { executor, threads } = executorFor(onTestFinished);

    expect([await executor.execute({ name: 'echo', input: 'hi' }), threads()]).toEqual(['hi', 1]);
  });

  it('is closed once what it accepted is done', async ({ onTestFinished }) => {
    const { executor } = executorFor(onTestFinished, 0);
    const path = plantTree(temporaryDirectory(onTestFinished));
    const removal = executor.execute({ name: 'os.remove-tree', input: { path } }, { background: true });

    await executor.close();

    expect([removal.isReady(), existsSync(path)]).toEqual([true, false]);
    await expect(executor.execute({ name: 'os.probe-directory', input: { path } })).rejects.toMatchObject({
      code: 'EXECUTOR_CLOSED',
    });
  });
});
