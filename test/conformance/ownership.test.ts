import { CountDownLatch, delay, Owned, Process, Shared, StateMachine } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

describe('shared', () => {
  it('H01 gives access to its value through every handle', () => {
    const value = { n: 1 };
    const shared = new Shared(value);
    expect(shared.get()).toBe(value);
    expect(shared.clone().get()).toBe(value);
  });

  it('H02 a handle that was given up has no value, and cannot be cloned', () => {
    const shared = new Shared({ n: 1 });
    shared.dispose();
    expect(() => shared.get()).toThrow();
    expect(() => shared.clone()).toThrow();
    expect(() => shared.dispose()).not.toThrow();
  });

  it('H03 is unique until it is cloned, and again when the clones are given up', () => {
    const shared = new Shared('x');
    expect(shared.unique()).toBe(true);
    const clone = shared.clone();
    expect([shared.unique(), clone.unique()]).toEqual([false, false]);
    clone.dispose();
    expect(shared.unique()).toBe(true);
  });

  it('H04 own waits for the other handles, and only one may own', () => {
    const one = new Shared('x');
    const two = one.clone();
    const three = one.clone();
    const owned = one.own();
    expect(owned.isPending()).toBe(true);
    expect(two.own().failure().message).toMatch(/already been transferred/);
    three.dispose();
    two.dispose();
    expect(owned.get().get()).toBe('x');
    expect(() => one.get()).toThrow();
  });
});

describe('owned', () => {
  it('W01 reads and writes its value', () => {
    const owned = new Owned({ n: 1 });
    owned.get().n = 2;
    expect(owned.get().n).toBe(2);
  });

  it('W02 an empty one shares and releases nothing', () => {
    const owned = new Owned('x');
    owned.release();
    expect([owned.share(), owned.release()]).toEqual([undefined, undefined]);
  });

  it('W03 sharing empties it', () => {
    const owned = new Owned('x');
    const shared = owned.share();
    expect(shared?.unique()).toBe(true);
    expect(() => owned.get()).toThrow(/already been shared/);
    const clone = shared?.clone();
    expect(shared?.unique()).toBe(false);
    expect(clone?.get()).toBe('x');
  });

  it('W04 releasing answers the value and empties it', () => {
    const value = { n: 1 };
    const owned = new Owned(value);
    expect(owned.release()).toBe(value);
    expect(() => owned.get()).toThrow();
  });
});

describe('count-down latch', () => {
  it('D01 is triggered by the last decrement, and ignores more', () => {
    const latch = new CountDownLatch(5);
    const triggered = latch.triggered();
    for (let n = 0; n < 4; n += 1) latch.decrement();
    expect(triggered.isPending()).toBe(true);
    latch.decrement();
    latch.decrement();
    expect([triggered.isReady(), latch.triggered().isReady()]).toEqual([true, true]);
  });

  it('D02 may be decremented by five processes at their own time', () => {
    class Decrementer extends Process<Decrementer> {
      constructor(private readonly latch: CountDownLatch) {
        super('decrementer');
      }
      decrement(): void {
        this.latch.decrement();
      }
    }
    const { runtime, clock } = virtualRuntime();
    const latch = new CountDownLatch(5);
    for (let n = 1; n <= 5; n += 1) delay(n, runtime.spawn(new Decrementer(latch)), 'decrement');
    clock.advance(4);
    expect(latch.triggered().isPending()).toBe(true);
    clock.advance(1);
    expect(latch.triggered().isReady()).toBe(true);
  });
});

describe('state machine', () => {
  type State = 'created' | 'running' | 'stopped';

  it('X01 a transition answers what its function answers', () => {
    const machine = new StateMachine<State>('created');
    expect(machine.transition('created', 'running', () => 42)).toBe(42);
  });

  it('X01 a transition from another state fails, with the message given, and moves nothing', () => {
    const machine = new StateMachine<State>('created');
    expect(() => machine.transition('running', 'stopped')).toThrow();
    expect(() => machine.transition('running', 'stopped', undefined, 'not yet')).toThrow('not yet');
    expect(machine.state).toBe('created');
  });

  it('X01 a function that fails does not undo the state', () => {
    const machine = new StateMachine<State>('created');
    expect(() =>
      machine.transition('created', 'running', () => {
        throw new Error('boom');
      }),
    ).toThrow('boom');
    expect(machine.state).toBe('running');
  });

  it('X02 is tells the state', () => {
    const machine = new StateMachine<State>('created');
    expect([machine.is('created'), machine.is('running')]).toEqual([true, false]);
    machine.transition('created', 'running');
    expect([machine.is('created'), machine.is('running')]).toEqual([false, true]);
  });

  it('X03 when is ready in the state, else when it is entered, before the function runs', () => {
    const machine = new StateMachine<State>('created');
    expect(machine.when('created').isReady()).toBe(true);
    const running = machine.when('running');
    expect(running.isPending()).toBe(true);
    machine.transition('created', 'running', () => expect(running.isReady()).toBe(true));
    expect(running.isReady()).toBe(true);
  });
});
