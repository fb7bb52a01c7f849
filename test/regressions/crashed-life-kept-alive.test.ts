import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Process, Runtime, VirtualClock } from '@keelson/process';
import { expect, it } from 'vitest';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const megabyte = 1 << 20;

class Large extends Process<Large> {
  readonly content = Array.from({ length: megabyte / 8 }, () => 0);

  ask(): number {
    return this.content.length;
  }
}

/** Runs until the dispatcher throws, as one does that cuts the power. */
function crash(steps: number): void {
  let left = steps;
  const next = (): number => {
    if (left === 0) throw new Error('the power is cut');
    left -= 1;
    return 0;
  };
  const runtime = new Runtime({ clock: new VirtualClock(), dispatcher: { next } });
  const pid = runtime.spawn(new Large());
  void pid.ask();
  void pid.ask();
  expect(() => runtime.settle()).toThrow('the power is cut');
}

function liveBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Found by `npm run soak:ci`: a run of many crashes, without a turn of the event loop, filled the memory. */
it('a runtime that was halted is let go before the next microtask', () => {
  crash(1);
  const before = liveBytes();
  for (let n = 0; n < 60; n += 1) crash(n % 3);
  expect((liveBytes() - before) / megabyte).toBeLessThan(20);
});
