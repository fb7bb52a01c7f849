import { post, Process } from '@keelson/process';
import type { ReadyItem } from '@keelson/process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Writer extends Process<Writer> {
  constructor(
    private readonly log: string[],
    name: string,
  ) {
    super(name);
  }
  write(n: number): void {
    this.log.push(`${this.self.id}:${n}`);
  }
}

/** Two writers with three requests each, run in the order the decisions say (0 beyond their end). */
function run(decisions: readonly number[]) {
  const left = [...decisions];
  const offered: ReadyItem[][] = [];
  const next = (ready: readonly ReadyItem[]): number => {
    offered.push([...ready]);
    return (left.shift() ?? 0) % ready.length;
  };
  const { runtime, clock } = virtualRuntime({ dispatcher: { next } });
  const log: string[] = [];
  const [a, b] = ['a', 'b'].map((name) => runtime.spawn(new Writer(log, name)));
  for (let n = 0; n < 3; n += 1) {
    post(a!, 'write', n);
    post(b!, 'write', n);
  }
  return { runtime, clock, log, offered };
}

describe('a dispatcher', () => {
  it('chooses every step, and never breaks the order of one mailbox', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(7)), (decisions) => {
        const { runtime, log } = run(decisions);
        runtime.settle();
        expect(log.filter((line) => line.startsWith('a'))).toEqual(['a(1):0', 'a(1):1', 'a(1):2']);
        expect(log.filter((line) => line.startsWith('b'))).toEqual(['b(1):0', 'b(1):1', 'b(1):2']);
      }),
    );
  });

  it('repeats itself exactly, and takes the oldest where it always answers 0', () => {
    const [once, again] = [run([3, 1, 1, 0, 1]), run([3, 1, 1, 0, 1])];
    once.runtime.settle();
    again.runtime.settle();
    expect(again.log).toEqual(once.log);

    const fifo = run([]);
    fifo.runtime.settle();
    expect(fifo.log).toEqual(['a(1):0', 'b(1):0', 'a(1):1', 'b(1):1', 'a(1):2', 'b(1):2']);
    expect(fifo.offered[0]).toEqual([
      { kind: 'event', process: 'a(1)', label: 'initialize', cause: 0 },
      { kind: 'event', process: 'b(1)', label: 'initialize', cause: 0 },
    ]);
  });

  it('is offered due timers and what simulated worlds offer', () => {
    const { runtime, clock, offered } = run([]);
    runtime.settle();
    runtime.timer(5, () => {}, 'stall', 'a(1)');
    runtime.offer({ kind: 'fault', label: 'disk full', run: () => {} });
    clock.advance(5);
    expect(offered.flat().filter(({ kind }) => kind !== 'event')).toEqual([
      { kind: 'fault', label: 'disk full', cause: 0 },
      { kind: 'timer', process: 'a(1)', label: 'stall', cause: 0 },
    ]);
  });

  it('runs one step at a time on request', () => {
    const { runtime, log } = run([]);
    let steps = 0;
    while (runtime.step()) steps += 1;
    expect([steps, log.length]).toEqual([8, 6]);
  });

  it('halts the runtime for good by throwing', async () => {
    const power = new Error('power cut');
    let steps = 0;
    const next = (): number => {
      steps += 1;
      if (steps > 3) throw power;
      return 0;
    };
    const { runtime } = virtualRuntime({ dispatcher: { next } });
    const log: string[] = [];
    const pid = runtime.spawn(new Writer(log, 'w'));
    for (let n = 0; n < 5; n += 1) post(pid, 'write', n);
    expect(() => runtime.settle()).toThrow(power);
    expect(() => runtime.step()).toThrow(power);
    post(pid, 'write', 9);
    await globalThis.Promise.resolve();
    expect([steps, log]).toEqual([4, ['w(1):0', 'w(1):1']]);
  });
});
