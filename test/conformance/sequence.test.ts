import { Deferred, dispatch, type Future, Process, Sequence } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

/** Three hops through the mailbox before it answers. */
class Hops extends Process<Hops> {
  first(): Future<number> {
    return this.self.second();
  }
  second(): Future<number> {
    return this.self.third();
  }
  third(): number {
    return 3;
  }
}

class Pulse extends Process<Pulse> {
  #on = false;
  pulse(): Future<void> {
    this.#on = true;
    return this.self.drop();
  }
  drop(): void {
    this.#on = false;
  }
  isOn(): boolean {
    return this.#on;
  }
}

describe('sequence', () => {
  it('S01 does not start the second while the first is still hopping', () => {
    const { runtime } = virtualRuntime();
    const hops = runtime.spawn(new Hops('hops'));
    const sequence = new Sequence();
    const gate = new Deferred<void>();
    const log: string[] = [];

    const first = sequence.add(() => {
      log.push('first started');
      return gate.future.then(() => hops.first()).onAny(() => log.push('first ended'));
    });
    const second = sequence.add(() => {
      log.push('second started');
      return hops.first();
    });
    runtime.settle();
    expect(log).toEqual(['first started']);

    gate.set();
    runtime.settle();
    expect([first.get(), second.get()]).toEqual([3, 3]);
    expect(log).toEqual(['first started', 'first ended', 'second started']);
  });

  it('S02 a queued one that is discarded is skipped, and the others keep their order', () => {
    const { runtime } = virtualRuntime();
    const sequence = new Sequence();
    const gate = new Deferred<number>();
    const log: number[] = [];
    const step = (n: number) => (): number => {
      log.push(n);
      return n;
    };
    const blocked = sequence.add(() => gate.future);
    const one = sequence.add(step(1));
    const two = sequence.add(step(2));
    const three = sequence.add(step(3));
    runtime.settle();
    two.discard();
    gate.set(0);
    runtime.settle();
    expect(log).toEqual([1, 3]);
    expect([blocked, one, two, three].map((f) => f.toString().split(' ')[0])).toEqual([
      'Ready',
      'Ready',
      'Discarded',
      'Ready',
    ]);
  });

  it('S03 destroyed: the running one completes, the queued ones never start and are discarded', () => {
    const { runtime } = virtualRuntime();
    const sequence = new Sequence();
    const gate = new Deferred<number>();
    const started: number[] = [];
    const running = sequence.add(() => gate.future);
    const queued = [1, 2, 3].map((n) =>
      sequence.add(() => {
        started.push(n);
        return n;
      }),
    );
    runtime.settle();

    sequence.dispose();
    runtime.settle();
    expect(running.isPending()).toBe(true);
    expect(gate.future.hasDiscard()).toBe(true);

    gate.set(42);
    runtime.settle();
    expect(running.get()).toBe(42);
    expect(started).toEqual([]);
    for (const future of queued) expect(future.isReady() || future.isPending()).toBe(false);
  });

  it('S04 a hundred pulses and looks, in any order, never show the state in between', () => {
    const { runtime } = virtualRuntime();
    const pulse = runtime.spawn(new Pulse('pulse'));
    const sequence = new Sequence();
    let random = 12345;
    const looks: Future<boolean>[] = [];
    for (let i = 0; i < 100; i += 1) {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      if ((random >>> 16) % 2 === 0) sequence.add(() => dispatch(pulse, 'pulse'));
      else looks.push(sequence.add(() => pulse.isOn()));
    }
    runtime.settle();
    expect(looks.length).toBeGreaterThan(20);
    expect(looks.map((look) => look.get())).toEqual(looks.map(() => false));
  });
});
