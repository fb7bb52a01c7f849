import type { Future, Lease } from '@keelson/process';
import { ReadWriteLock, Runtime } from '@keelson/process';
import fc from 'fast-check';
import { expect, it } from 'vitest';

/*
 * Observers may come and go while a lock is held: an inspector is attached to a running agent. The machine that they
 * watch was then made from holders that had given back already, ignored the release it was told next, and whoever waited
 * waited for ever.
 */
const observer = { record: () => {} };

it('a lease that was taken before anybody watched lets the next one in', () => {
  const runtime = new Runtime();
  const lock = new ReadWriteLock({ runtime });
  const writer = lock.writeLock();
  const reader = lock.readLock();
  runtime.attach(observer);
  writer.get().release();
  expect(reader.isReady()).toBe(true);
});

/** A lock with everything that was asked of it, in order. */
class Asked {
  readonly asked: Future<Lease>[] = [];
  readonly #released = new Set<Future<Lease>>();

  constructor(readonly lock: ReadWriteLock) {}

  do({ what, at }: { readonly what: 'read' | 'write' | 'release' | 'discard' | 'watch'; readonly at: number }): void {
    if (what === 'read') this.asked.push(this.lock.readLock());
    if (what === 'write') this.asked.push(this.lock.writeLock());
    const held = this.asked.filter((each) => each.isReady() && !this.#released.has(each));
    const waiting = this.asked.filter((each) => each.isPending());
    if (what === 'release' && held.length > 0) {
      const lease = held[at % held.length]!;
      this.#released.add(lease);
      lease.get().release();
    }
    if (what === 'discard' && waiting.length > 0) waiting[at % waiting.length]!.discard();
  }

  get states(): readonly string[] {
    return this.asked.map(String);
  }
}

it('a lock does the same whenever observers come and go', () => {
  const what = fc.constantFrom('read' as const, 'write' as const, 'release' as const, 'discard' as const, 'watch' as const);
  const commands = fc.array(fc.record({ what, at: fc.nat(7) }), { maxLength: 40 });
  fc.assert(
    fc.property(commands, (asked) => {
      const runtime = new Runtime();
      const watched = new Asked(new ReadWriteLock({ runtime }));
      const plain = new Asked(new ReadWriteLock());
      let stop: (() => void) | undefined;
      for (const command of asked) {
        if (command.what === 'watch') {
          const detach = stop;
          stop = detach ? void detach() : runtime.attach(observer);
        }
        watched.do(command);
        plain.do(command);
        expect(watched.states).toEqual(plain.states);
      }
    }),
    { numRuns: 500 },
  );
});
