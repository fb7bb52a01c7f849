import { DecisionVector, scheduler, SchedulerAdapter } from '@keelson/simulation';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Written for fast-check alone: two increments at once may lose one. */
async function incrementTwice(s: fc.Scheduler): Promise<number> {
  let stored = 0;
  const read = s.scheduleFunction(async function read() {
    return stored;
  });
  const write = s.scheduleFunction(async function write(value: number) {
    stored = value;
  });
  const increment = async (): Promise<void> => write((await read()) + 1);
  await s.waitFor(Promise.all([increment(), increment()]));
  return stored;
}

/** The same call for our scheduler and for that of fast-check. */
const both = (order: readonly number[]): [string, fc.Scheduler][] => [
  ['fast-check', fc.schedulerFor(order.map((_, at) => at + 1))],
  ['ours', new SchedulerAdapter(new DecisionVector(order))],
];

describe('SchedulerAdapter', () => {
  it('runs a test that was written for fc.scheduler(), and shrinks its order to the choice that matters', async () => {
    const property = fc.asyncProperty(scheduler(), async (s) => (await incrementTwice(s)) === 2);
    const { failed, counterexample } = await fc.check(property, { seed: 3 });
    expect(failed).toBe(true);
    expect(fc.stringify(counterexample?.[0])).toContain('function read() resolved: 0');
    expect(counterexample![0].report().map(({ label }) => label)).toEqual(['read()', 'read()', 'write(1)', 'write(1)']);
  });

  it.each(both([0, 0, 0, 0]))('does with the usual order what fast-check does: %s', async (_, s) => {
    const seen: string[] = [];
    const note = (what: string): void => void seen.push(what);
    s.schedule(Promise.reject(new Error('no')), 'failing').catch((error: Error) => note(error.message));
    void s.schedule(Promise.resolve('a'), 'plain').then(note);
    const sequence = s.scheduleSequence([
      { label: 'one', builder: async () => note('one') },
      async function two() {
        note('two');
        throw new Error('broken');
      },
      { label: 'three', builder: async () => note('three') },
    ]);
    expect(s.count()).toBe(3);
    await s.waitIdle();
    expect(seen).toEqual(['no', 'a', 'one', 'two']);
    expect(await sequence.task).toEqual({ done: false, faulty: true });
    expect(sequence).toMatchObject({ done: false, faulty: true });
    expect(s.count()).toBe(0);
    expect(s.report().map(({ label, schedulingType, status }) => [label, schedulingType, status])).toEqual([
      ['failing', 'promise', 'rejected'],
      ['plain', 'promise', 'resolved'],
      ['one', 'sequence', 'resolved'],
      ['two', 'sequence', 'rejected'],
    ]);
    await expect((async () => s.waitOne())()).rejects.toThrow('No task scheduled');
  });

  it.each(both([0, 0]))('waits for the next ones, however late they come, with acts around: %s', async (_, s) => {
    const acts: string[] = [];
    const act = (name: string) => async (f: () => Promise<void>) => {
      acts.push(`${name} begins`);
      await f();
      acts.push(`${name} ends`);
    };
    const later = Promise.resolve().then(() => s.schedule(Promise.resolve(1), 'late', undefined, act('task')));
    const next = s.waitNext(1, act('wait'));
    expect(await later).toBe(1);
    await next;
    expect(acts).toEqual(['wait begins', 'task begins', 'task ends', 'wait ends']);
  });

  it.each(both([0, 0]))('lets several wait for what is still to come: %s', async (_, s) => {
    const waits = Promise.all([s.waitNext(1), s.waitNext(1)]);
    const tasks = [1, 2].map((n) => s.schedule(Promise.resolve(n)));
    await waits;
    expect(await Promise.all(tasks)).toEqual([1, 2]);
  });

  it('runs commands of fast-check side by side', async () => {
    const seen: string[] = [];
    const command = (name: string): fc.AsyncCommand<object, object> => ({
      check: () => Promise.resolve(true),
      run: () => Promise.resolve(void seen.push(name)),
      toString: () => name,
    });
    const s = new SchedulerAdapter(new DecisionVector([]));
    await fc.scheduledModelRun(s, () => ({ model: {}, real: {} }), [command('a'), command('b')]);
    expect(seen).toEqual(['a', 'b']);
  });
});
