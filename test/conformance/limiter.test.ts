import { RateLimiter } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

describe('rate limiter', () => {
  it('R01 two in 5 ms: the first now, the second after 2.5 ms, the third after 5 ms', () => {
    const { runtime, clock } = virtualRuntime();
    const limiter = new RateLimiter(2, 5, { runtime });
    const permits = [limiter.acquire(), limiter.acquire(), limiter.acquire()];
    const granted = () => permits.filter((permit) => permit.isReady()).length;
    runtime.settle();
    expect(granted()).toBe(1);
    clock.advance(2.4);
    expect(granted()).toBe(1);
    clock.advance(0.1);
    expect(granted()).toBe(2);
    clock.advance(2.4);
    expect(granted()).toBe(2);
    clock.advance(0.1);
    expect(granted()).toBe(3);
  });

  it('R01 idle time saves nothing up: there is no burst', () => {
    const { runtime, clock } = virtualRuntime();
    const limiter = new RateLimiter(2, 1000, { runtime });
    limiter.acquire();
    clock.advance(10_000);
    const permits = [limiter.acquire(), limiter.acquire()];
    runtime.settle();
    expect(permits.map((permit) => permit.isReady())).toEqual([true, false]);
    clock.advance(500);
    expect(permits.map((permit) => permit.isReady())).toEqual([true, true]);
  });

  it('R02 a waiter discarded in the middle gives its turn to the next', () => {
    const { runtime, clock } = virtualRuntime();
    const limiter = new RateLimiter(1, 10, { runtime });
    const first = limiter.acquire();
    const second = limiter.acquire();
    const third = limiter.acquire();
    runtime.settle();
    expect(first.isReady()).toBe(true);

    second.discard();
    runtime.settle();
    expect(second.isDiscarded()).toBe(true);

    clock.advance(10);
    expect(third.isReady()).toBe(true);
  });

  it('R03 after the only waiter was discarded, a new one is granted within one interval', () => {
    const { runtime, clock } = virtualRuntime();
    const limiter = new RateLimiter(1, 10, { runtime });
    limiter.acquire();
    const second = limiter.acquire();
    runtime.settle();
    clock.advance(3);
    second.discard();
    runtime.settle();
    expect(second.isDiscarded()).toBe(true);

    const third = limiter.acquire();
    clock.advance(7);
    expect(third.isReady()).toBe(true);
  });
});
