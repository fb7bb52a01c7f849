import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExecuteOptions } from '@keelson/process';
import { JobError, PoolExecutor, type PoolExecutorOptions } from '@keelson/os';
import runJobs from '../dist/pool-worker.js';
import { temporaryDirectory } from './temporary-directory.js';

type Finished = (clean: () => Promise<void> | void) => void;

const jobs = Object.fromEntries(
  ['echo', 'misbehave', 'gate'].map((name) => [name, new URL(`./jobs/${name}.js`, import.meta.url)]),
);

function executorFor(onTestFinished: Finished, options: PoolExecutorOptions = {}): PoolExecutor {
  const executor = new PoolExecutor({ jobs, ...options });
  onTestFinished(async () => executor.close());
  return executor;
}

describe('PoolExecutor', () => {
  it('answers what the job answers', async ({ onTestFinished }) => {
    const executor = executorFor(onTestFinished);

    expect(
      await executor.execute({ name: 'echo', input: { bytes: Uint8Array.of(1, 2), nested: [null, 'text'] } }),
    ).toEqual({ bytes: Uint8Array.of(1, 2), nested: [null, 'text'] });
  });

  it('keeps the code, the message and the fields of an error', async ({ onTestFinished }) => {
    const executor = executorFor(onTestFinished);

    const failure = await executor
      .execute({ name: 'misbehave', input: 'coded' })
      .then(undefined, (error: unknown) => error);

    expect(failure).toBeInstanceOf(JobError);
    expect(failure).toMatchObject({
      code: 'LAYER_BUSY',
      message: 'the layer is busy',
      details: { path: '/layer' },
    });
    expect((failure as Error).stack).toContain('misbehave.js');
  });

  it.each([
    ['bug', 'JOB_FAILED'],
    ['string', 'JOB_FAILED'],
    ['exit', 'WORKER_DIED'],
    ['uncaught', 'WORKER_DIED'],
    ['function', 'WORKER_DIED'],
  ])('fails a job that ends by %s with %s, and runs the next', async (how, code) => {
    const executor = new PoolExecutor({ jobs, maxThreads: 1 });

    await expect(executor.execute({ name: 'misbehave', input: how })).rejects.toMatchObject({
      name: 'JobError',
      code,
    });
    expect(await executor.execute({ name: 'misbehave', input: 'no' })).toBe('well');
    await executor.close();
  });

  it('refuses a job it does not know, and input that cannot be copied', async ({ onTestFinished }) => {
    const executor = executorFor(onTestFinished);

    await expect(executor.execute({ name: 'unheard-of', input: 1 })).rejects.toMatchObject({
      code: 'UNKNOWN_JOB',
    });
    await expect(executor.execute({ name: 'echo', input: () => 1 })).rejects.toMatchObject({
      code: 'NOT_PLAIN_DATA',
    });
  });

  it('runs jobs of one key one at a time, in order, beside others', async ({ onTestFinished }) => {
    const log = join(temporaryDirectory(onTestFinished), 'log');
    const executor = executorFor(onTestFinished, { maxThreads: 3 });
    const run = (name: string, serial: string) =>
      executor.execute({ name: 'gate', input: { name, log } }, { serial });

    const answers = ['a1', 'b1', 'a2', 'a3', 'b2', 'a4'].map((name) => run(name, name[0] as string));

    expect(await Promise.all(answers)).toEqual(['a1', 'b1', 'a2', 'a3', 'b2', 'a4']);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    expect(lines.filter((line) => line.includes(' a'))).toEqual(
      ['a1', 'a2', 'a3', 'a4'].flatMap((name) => [`begin ${name}`, `end ${name}`]),
    );
    expect(lines.filter((line) => line.includes(' b'))).toEqual(
      ['b1', 'b2'].flatMap((name) => [`begin ${name}`, `end ${name}`]),
    );
  });

  it('drops a discarded job that waits, and frees its key', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const log = join(root, 'log');
    const executor = executorFor(onTestFinished, { maxThreads: 1 });
    const running = executor.execute({
      name: 'gate',
      input: { name: 'running', log, gate: join(root, 'gate') },
    });
    const ready = executor.execute({ name: 'gate', input: { name: 'ready', log } }, { serial: 'key' });
    const waiting = executor.execute({ name: 'gate', input: { name: 'waiting', log } }, { serial: 'key' });
    const last = executor.execute({ name: 'gate', input: { name: 'last', log } }, { serial: 'key' });

    expect(ready.discard()).toBe(true);
    expect(waiting.discard()).toBe(true);

    expect([ready.isDiscarded(), waiting.isDiscarded(), running.isPending()]).toEqual([true, true, true]);
    writeFileSync(join(root, 'gate'), '');
    expect(await last).toBe('last');
    expect(readFileSync(log, 'utf8')).not.toMatch(/ready|waiting/);
  });

  it('lets a running job end although it was discarded', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const executor = executorFor(onTestFinished);
    const log = join(root, 'log');
    const begun = appearance(root, 'log');
    const running = executor.execute({ name: 'gate', input: { name: 'it', log, gate: join(root, 'gate') } });
    await begun;

    running.discard();
    expect(running.isPending()).toBe(true);
    writeFileSync(join(root, 'gate'), '');

    expect(await running).toBe('it');
  });

  it('takes an aborted signal for a discard', async ({ onTestFinished }) => {
    const executor = executorFor(onTestFinished, { maxThreads: 1 });
    const controller = new AbortController();
    const first = executor.execute({ name: 'echo', input: 1 });
    const second = executor.execute({ name: 'echo', input: 2 }, { signal: controller.signal });

    controller.abort();

    expect(second.isDiscarded()).toBe(true);
    expect(executor.execute({ name: 'echo', input: 3 }, { signal: controller.signal }).isDiscarded()).toBe(
      true,
    );
    expect(await first).toBe(1);
  });

  it('queues without end instead of refusing', async ({ onTestFinished }) => {
    const executor = executorFor(onTestFinished);

    const answers = Array.from({ length: 2000 }, (_, input) => executor.execute({ name: 'echo', input }));

    expect(await Promise.all(answers)).toEqual(Array.from({ length: 2000 }, (_, input) => input));
  });

  it('closes after everything it accepted has ended', async () => {
    const executor = new PoolExecutor({ jobs });
    const answers = Array.from({ length: 20 }, (_, input) => executor.execute({ name: 'echo', input }));

    await executor.close();

    expect(answers.every((answer) => answer.isReady())).toBe(true);
    await expect(executor.execute({ name: 'echo', input: 1 })).rejects.toMatchObject({
      code: 'EXECUTOR_CLOSED',
    });
    await executor.close();
  });

  it('does not keep the process alive when it is idle', () => {
    const script = `import { PoolExecutor } from '${new URL('../dist/index.js', import.meta.url).pathname}';
      const echo = ${JSON.stringify(String(jobs['echo']))};
      const executor = new PoolExecutor({ jobs: { echo }, idleTimeoutMs: 1e9 });
      console.log(await executor.execute({ name: 'echo', input: 'done' }));`;

    expect(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 }).toString(),
    ).toBe('done\n');
  });

  it('lets all others go before those in the background', async ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const [log, gate] = [join(folder, 'log'), join(folder, 'gate')];
    const executor = executorFor(onTestFinished, { maxThreads: 1 });
    const run = (name: string, options: ExecuteOptions = {}) =>
      executor.execute({ name: 'gate', input: { name, log, ...(name === 'first' && { gate }) } }, options);

    const first = run('first');
    const background = ['b1', 'b2', 'b3'].map((name) => run(name, { background: true }));
    const given = run('b4', { background: true });
    given.discard();
    const others = ['n1', 'n2'].map((name) => run(name));
    writeFileSync(gate, '');
    await Promise.all([first, ...background, ...others]);

    const order = readFileSync(log, 'utf8').split('\n').filter((line) => line.startsWith('begin '));
    expect(order.map((line) => line.slice('begin '.length))).toEqual(['first', 'n1', 'n2', 'b1', 'b2', 'b3']);
    expect(given.isDiscarded()).toBe(true);
  });

  it('starts those in the background after the turn they are asked for in, even on a free thread', async ({
    onTestFinished,
  }) => {
    const log = join(temporaryDirectory(onTestFinished), 'log');
    const executor = executorFor(onTestFinished, { maxThreads: 1 });
    const run = (name: string, options: ExecuteOptions = {}) =>
      executor.execute({ name: 'gate', input: { name, log } }, options);

    await Promise.all([run('background', { background: true }), run('other')]);

    const order = readFileSync(log, 'utf8').split('\n').filter((line) => line.startsWith('begin '));
    expect(order).toEqual(['begin other', 'begin background']);
  });

  it.each([
    ['all of a hand while that is quick', [0, 5, 10, 15], ['a', 'b', 'c']],
    ['what it has begun, and leaves the rest, once that took long', [0, 5, 30], ['a', 'b']],
  ])('has a thread do %s', async (_, moments, answers) => {
    const left = [...moments];
    const module = jobs['echo']!.href;
    const outcomes = await runJobs(
      ['a', 'b', 'c'].map((input) => ({ module, input })),
      () => left.shift()!,
    );
    expect(outcomes).toEqual(answers.map((value) => ({ ok: true, value })));
  });

  it('has the jobs of this package', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    writeFileSync(join(root, 'file'), 'x');

    await executorFor(onTestFinished).execute({
      name: 'os.remove-tree',
      input: { path: join(root, 'file') },
    });

    expect(existsSync(join(root, 'file'))).toBe(false);
  });
});

function appearance(folder: string, name: string): Promise<void> {
  return new Promise((appeared) => {
    const watcher = watch(folder, () => {
      if (!existsSync(join(folder, name))) return;
      watcher.close();
      appeared();
    });
  });
}
