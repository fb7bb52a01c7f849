import { Process, Runtime, VirtualClock } from '@keelson/process';
import { expect, it } from 'vitest';
import { Guardian } from '../src/guardian.js';

class Fragile extends Process<Fragile> {
  constructor() {
    super('fragile');
  }
  breakDown(): void {
    throw new TypeError('a bug');
  }
}

it('an actor that goes down is told once, with its reason', () => {
  const runtime = new Runtime({ clock: new VirtualClock() });
  const fragile = runtime.spawn(new Fragile());
  const told: string[] = [];
  runtime.spawn(new Guardian([fragile], (reason) => told.push(reason.message)));
  runtime.settle();
  expect(told).toEqual([]);
  fragile.breakDown().onAny(() => {});
  runtime.settle();
  expect(told).toEqual([expect.stringMatching(/^fragile\(1\) is gone: .*a bug/)]);
});
