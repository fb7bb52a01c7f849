import { stat } from 'node:fs/promises';
import { DecisionVector, EdgeScheduler, runOrder } from '@keelson/simulation';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** A counter whose store is slow: two increments at once may lose one. */
class SlowCounter {
  stored = 0;
  readonly read: () => Promise<number>;
  readonly write: (value: number) => Promise<void>;

  constructor(edge: EdgeScheduler) {
    this.read = edge.scheduleFunction(() => Promise.resolve(this.stored), 'read');
    this.write = edge.scheduleFunction((value: number) => {
      this.stored = value;
      return Promise.resolve();
    }, 'write');
  }

  async increment(): Promise<void> {
    const value = await this.read();
    await deep(60);
    await this.write(value + 1);
  }
}

/** More microtasks than fast-check's scheduler waits for. */
async function deep(depth: number): Promise<void> {
  for (let level = 0; level < depth; level += 1) await undefined;
}

async function run(order: readonly number[]): Promise<{ stored: number; ran: readonly string[] }> {
  const edge = new EdgeScheduler(new DecisionVector(order));
  const counter = new SlowCounter(edge);
  const both = Promise.all([counter.increment(), deep(5).then(() => counter.increment())]);
  await edge.waitFor(both);
  return { stored: counter.stored, ran: edge.ran };
}

describe('EdgeScheduler', () => {
  it('finds a lost update in code of native promises, and shrinks its order', async () => {
    const property = fc.asyncProperty(runOrder({ maxChoices: 10 }), async (order) => (await run(order)).stored === 2);
    const { failed, counterexample } = await fc.check(property, { seed: 3 });
    expect(failed).toBe(true);
    expect(counterexample?.[0].filter((choice) => choice !== 0).length).toBeLessThanOrEqual(1);
  });

  it('runs the same way with the same order', async () => {
    const order = [1, 0, 1];
    const [one, other] = [await run(order), await run(order)];
    expect(other).toEqual(one);
    expect(one.ran).toHaveLength(4);
  });

  it('lets a call begin only when it is chosen, where that is wanted', async () => {
    const edge = new EdgeScheduler(new DecisionVector([1]));
    const seen: string[] = [];
    const call = edge.scheduleCall((name: string) => Promise.resolve(void seen.push(name)), 'see');
    void call('a');
    void call('b');
    expect(seen).toEqual([]);
    await edge.waitIdle();
    expect(seen).toEqual(['b', 'a']);
    expect(edge.ran[0]).toBe('call see("b")');
  });

  it('passes failures on, and waits for what the machine answers later', async () => {
    const edge = new EdgeScheduler(new DecisionVector([]));
    const failing = edge.schedule(Promise.reject(new Error('no')), 'failing');
    const slow = edge.schedule(stat('.').then(() => 7), 'slow');
    const outcome = Promise.allSettled([failing, slow]);
    await edge.waitIdle();
    expect(await outcome).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled', value: 7 }]);
  });

  it('says so when what is waited for can never come', async () => {
    const edge = new EdgeScheduler(new DecisionVector([]));
    await expect(edge.waitFor(new Promise(() => {}))).rejects.toThrow('nothing is left to let through');
  });
});
