import { Deferred, dispatch, Future, Process, Runtime, VirtualClock } from '@keelson/process';
import { expect, it } from 'vitest';

class Waiter extends Process<Waiter> {}

/** The deadline of `after` replaced whom a discard request goes to, and with that forgot the callbacks beside it. */
it('keeps the onDiscard callbacks of a future whose deadline has passed', () => {
  const clock = new VirtualClock();
  const runtime = new Runtime({ clock });
  const second = new Deferred<number>();
  const heard: string[] = [];

  dispatch(runtime.spawn(new Waiter()), () => {
    const late = Future.never<number>().after(10, () => second.future);
    late.onDiscard(() => void heard.push('discarded'));
    delayedDiscard = () => void late.discard();
  });
  runtime.settle();
  clock.advance(10);
  delayedDiscard();

  expect([heard, second.future.hasDiscard()]).toEqual([['discarded'], true]);
});

let delayedDiscard = (): void => {
  throw new Error('the handler did not run');
};
