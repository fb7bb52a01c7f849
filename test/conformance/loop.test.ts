import { after, Break, Continue, Deferred, loop, Process, Queue, Future } from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { inHandler } from './in-handler.js';
import { pending, virtualRuntime } from './virtual-runtime.js';

class Host extends Process<Host> {
  flag = false;
  raise(): void {
    this.flag = true;
  }
}

describe('loop', () => {
  it('O01 that never waits lets the rest of the world run, and ends when the world says so', () => {
    const { runtime } = virtualRuntime();
    const host = new Host('host');
    const pid = runtime.spawn(host);
    let turns = 0;
    const ended = loop(
      pid,
      () => host.flag,
      (flag) => {
        turns += 1;
        // Asked from outside after a while: only a loop that yields to its own mailbox can ever see it.
        if (turns === 10) void pid.raise();
        return flag ? Break('seen') : Continue;
      },
    );
    runtime.settle();
    expect(ended.get()).toBe('seen');
  });

  it('O02 iterates over futures, and its body may answer a future of Break', () => {
    const { runtime } = virtualRuntime();
    const queue = new Queue<number>();
    const last = pending<string>();
    const ended = loop(
      undefined,
      () => queue.get(),
      (n) => (n < 3 ? Continue : last.future.then((s) => Break(`${s}${n}`))),
    );
    for (const n of [1, 2, 3]) queue.put(n);
    runtime.settle();
    expect(ended.isPending()).toBe(true);
    last.promise.set('end ');
    runtime.settle();
    expect(ended.get()).toBe('end 3');
  });

  it('O03 a discard reaches the pending iterate future, and discards the loop with it', () => {
    const { promise, future } = pending<number>();
    const requested = vi.fn(() => void promise.discard());
    future.onDiscard(requested);
    const body = vi.fn(() => Continue);
    const ended = loop(undefined, () => future, body);
    expect(ended.isPending()).toBe(true);
    ended.discard();
    expect(requested).toHaveBeenCalledTimes(1);
    expect(ended.isDiscarded()).toBe(true);
    expect(body).not.toHaveBeenCalled();
  });

  it('O04 a discard reaches the body future through a then, and discards the loop with it', () => {
    const { promise, future } = pending<string>();
    const requested = vi.fn(() => void promise.discard());
    future.onDiscard(requested);
    const ended = loop(undefined, () => 'x', () => future.then(() => Continue));
    ended.discard();
    expect(requested).toHaveBeenCalledTimes(1);
    expect(ended.isDiscarded()).toBe(true);
  });
});

describe('after', () => {
  it('A01 is pending until its time has come', () => {
    const { runtime, clock } = virtualRuntime();
    const day = 24 * 60 * 60 * 1000;
    const future = after(day, { runtime });
    runtime.settle();
    expect(future.isPending()).toBe(true);
    clock.advance(day - 1);
    expect(future.isPending()).toBe(true);
    clock.advance(1);
    expect(future.isReady()).toBe(true);
  });

  it('A01 takes the runtime of the running handler', () => {
    const { runtime, clock } = virtualRuntime();
    const future = inHandler(runtime, () => after(10));
    clock.advance(10);
    expect(future.isReady()).toBe(true);
  });

  it('A01 is discarded when asked in time, and then never fires', () => {
    const { runtime, clock } = virtualRuntime();
    const future = after(10, { runtime });
    future.discard();
    runtime.settle();
    expect(future.isDiscarded()).toBe(true);
    clock.advance(100);
    expect(future.isDiscarded()).toBe(true);
  });

  it('A01 fires in real time where there is no runtime', async () => {
    await after(1);
  });

  describe('A02 a loop over after', () => {
    it('A02 is discarded when asked', () => {
      const { runtime, clock } = virtualRuntime();
      let turns = 0;
      const ended = loop(undefined, () => after(10, { runtime }), () => ((turns += 1), Continue));
      clock.advance(35);
      expect(turns).toBe(3);
      ended.discard();
      runtime.settle();
      expect(ended.isDiscarded()).toBe(true);
      clock.advance(100);
      expect(turns).toBe(3);
    });

    it('A02 is ready when its body answers the request with Break', () => {
      const { runtime, clock } = virtualRuntime();
      const stop = new Deferred<void>();
      const ended = loop(
        undefined,
        () => after(10, { runtime }).recover(() => undefined),
        (): Future<ReturnType<typeof Break<string>> | typeof Continue> | typeof Continue =>
          stop.future.isReady() ? Future.ready(Break('stopped')) : Continue,
      );
      clock.advance(25);
      stop.set();
      ended.discard();
      runtime.settle();
      expect(ended.get()).toBe('stopped');
    });
  });
});
