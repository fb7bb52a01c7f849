import { Deferred, DisposedError, Future, Mutex } from '@keelson/process';
import { nextLock, ReadWriteLock, readWriteLockMachine } from '@keelson/process';
import type { Lease, LockContext, LockEvent, TraceRecord } from '@keelson/process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { virtualRuntime } from './virtual-runtime.js';

type Command = { readonly op: 'read' | 'write' | 'release' | 'discard'; readonly which: number };

const op = fc.constantFrom<Command['op'][]>('read', 'write', 'release', 'discard');
const commands = fc.array(fc.record({ op, which: fc.nat(30) }), { maxLength: 60 });

/** Plays commands on a lock; answers after each who holds it, by number of request. */
function play(lock: ReadWriteLock, script: readonly Command[]): string[] {
  const requests: Future<Lease>[] = [];
  const released = new Set<number>();
  return script.map(({ op, which }) => {
    if (op === 'read') requests.push(lock.readLock());
    else if (op === 'write') requests.push(lock.writeLock());
    else if (requests.length > 0) {
      const index = which % requests.length;
      const request = requests[index]!;
      if (op === 'discard') request.discard();
      else if (request.isReady() && !released.has(index)) {
        released.add(index);
        request.get().release();
      }
    }
    return requests.map((request, n) => (released.has(n) ? '.' : String(request)[0])).join('');
  });
}

/** The same, with the machine alone and its ids. */
function playMachine(script: readonly Command[]): string[] {
  const actor = createActor(readWriteLockMachine).start();
  const requests: { kind: 'read' | 'write'; state: string }[] = [];
  const send = (event: LockEvent): void => {
    actor.send(event);
    for (const id of actor.getSnapshot().context.granted) requests[id]!.state = 'R';
  };
  return script.map(({ op, which }) => {
    if (op === 'read' || op === 'write') {
      requests.push({ kind: op, state: 'P' });
      send({ type: op, id: requests.length - 1 });
    } else if (requests.length > 0) {
      const id = which % requests.length;
      const request = requests[id]!;
      if (op === 'discard' && request.state === 'P') {
        request.state = 'D';
        send({ type: 'forget', id });
      } else if (op === 'release' && request.state === 'R') {
        request.state = '.';
        send({ type: request.kind === 'read' ? 'readUnlock' : 'writeUnlock' });
      }
    }
    return requests.map(({ state }) => state).join('');
  });
}

describe('read-write lock', () => {
  it('grants as its machine does, watched or not', () => {
    fc.assert(
      fc.property(commands, (script) => {
        const watched = virtualRuntime({ observers: [{ record: () => {} }] }).runtime;
        const expected = playMachine(script);
        expect(play(new ReadWriteLock(), script)).toEqual(expected);
        expect(play(new ReadWriteLock({ runtime: watched }), script)).toEqual(expected);
      }),
    );
  });

  it('goes on where it stood when somebody begins to watch', () => {
    fc.assert(
      fc.property(commands, fc.nat(60), (script, at) => {
        const { runtime } = virtualRuntime();
        const lock = new ReadWriteLock({ runtime });
        const records: TraceRecord[] = [];
        const requestsOf = (part: readonly Command[]): Command[] => part.filter(({ op }) => op !== 'release');
        play(lock, requestsOf(script.slice(0, at)));
        const stop = runtime.attach({ record: (record) => records.push(record) });
        const late = lock.readLock();
        const writer = lock.writeLock();
        stop();
        expect(records.map(({ kind }) => kind)).toEqual(['machine', 'machine']);
        expect(writer.isReady()).toBe(false);
        expect(late.isReady() || late.isPending()).toBe(true);
      }),
    );
  });

  it('never has a writer beside anybody, nor free places while the head of the queue could go', () => {
    const event = fc.oneof(
      fc.record({ type: fc.constantFrom('read' as const, 'write' as const), id: fc.nat(1000) }),
      fc.record({ type: fc.constantFrom('readUnlock' as const, 'writeUnlock' as const) }),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let context: LockContext = { readers: 0, writing: false, queue: [], granted: [] };
        for (const next of events) {
          if (next.type === 'readUnlock' && context.readers === 0) continue;
          if (next.type === 'writeUnlock' && !context.writing) continue;
          context = nextLock(context, next);
          expect(context.writing && context.readers > 0).toBe(false);
          const [head] = context.queue;
          const couldGo = head && !context.writing && (head.kind === 'read' || context.readers === 0);
          expect(couldGo ?? false).toBe(false);
        }
      }),
    );
  });

  it('does not starve: R held; W1 R1 R2 W2 R3 R4 get in as W1, R1+R2, W2, R3+R4', () => {
    const lock = new ReadWriteLock();
    const held = lock.readLock().get();
    const order = ['write', 'read', 'read', 'write', 'read', 'read'] as const;
    const waiting = order.map((kind) => (kind === 'read' ? lock.readLock() : lock.writeLock()));
    const ready = (): string => waiting.map((future) => (future.isReady() ? 'x' : '-')).join('');
    held.release();
    expect(ready()).toBe('x-----');
    waiting[0]!.get().release();
    expect(ready()).toBe('xxx---');
    waiting[1]!.get().release();
    expect(ready()).toBe('xxx---');
    waiting[2]!.get().release();
    expect(ready()).toBe('xxxx--');
    waiting[3]!.get().release();
    expect(ready()).toBe('xxxxxx');
  });

  it('refuses to be released twice, and fails who waits when it is disposed', () => {
    const lock = new ReadWriteLock({ name: 'store' });
    const lease = lock.writeLock().get();
    const waiting = lock.readLock();
    lock.dispose();
    expect(waiting.failure()).toBeInstanceOf(DisposedError);
    expect(lock.readLock().failure().message).toContain('store was disposed');
    lease.release();
    expect(() => lease.release()).toThrow('released before');
  });

  it('lets readers in when the writer in front of them gives up', () => {
    const lock = new ReadWriteLock();
    lock.readLock();
    const writer = lock.writeLock();
    const reader = lock.readLock();
    writer.discard();
    expect([writer.isDiscarded(), reader.isReady()]).toEqual([true, true]);
  });
});

describe('work under a lease', () => {
  it('holds it until its work is settled, whatever became of the caller', () => {
    const lock = new ReadWriteLock();
    const work = new Deferred<number>();
    const result = lock.withWrite(() => work.future);
    const next = lock.writeLock();
    result.discard();
    expect([work.future.hasDiscard(), next.isPending()]).toEqual([true, true]);
    work.set(1);
    expect([result.get(), next.isReady()]).toEqual([1, true]);
  });

  it('gives it back when its work throws, fails or is abandoned', () => {
    const mutex = new Mutex();
    const abandoned = new Deferred<void>();
    const outcomes = [
      mutex.with(() => {
        throw new Error('thrown');
      }),
      mutex.with(() => Future.failed(new Error('failed'))),
      mutex.with(() => abandoned.future),
    ];
    abandoned.abandon();
    expect(outcomes.map(String)).toEqual(['Failed: thrown', 'Failed: failed', 'Abandoned']);
    expect(mutex.lock().isReady()).toBe(true);
  });

  it('leaves the queue, and is never begun, when it is discarded before its turn', () => {
    const mutex = new Mutex();
    const lease = mutex.lock().get();
    let begun = false;
    const result = mutex.with(() => void (begun = true));
    result.discard();
    lease.release();
    expect([result.isDiscarded(), begun, mutex.lock().isReady()]).toEqual([true, false, true]);
  });

  it('serves a hundred thousand waiters without growing the stack', () => {
    const mutex = new Mutex();
    const lease = mutex.lock().get();
    let served = 0;
    for (let n = 0; n < 100_000; n += 1) mutex.with(() => void (served += 1));
    lease.release();
    expect(served).toBe(100_000);
  });

  it('serves who is left in order, when most of a long queue gave up behind one that holds', () => {
    const lock = new ReadWriteLock();
    const held = lock.writeLock().get();
    const served: number[] = [];
    const waiters = Array.from({ length: 300 }, (_, n) =>
      (n % 3 === 0 ? lock.writeLock() : lock.readLock()).onReady((lease) => {
        served.push(n);
        lease.release();
      }),
    );
    const stay = (n: number): boolean => n % 7 === 3 || n === 299;
    for (const [n, waiter] of waiters.entries()) if (!stay(n)) waiter.discard();
    const late = lock.readLock();

    held.release();

    expect(waiters.map((waiter, n) => waiter.isDiscarded() === !stay(n))).toEqual(waiters.map(() => true));
    expect(served).toEqual(waiters.flatMap((_, n) => (stay(n) ? [n] : [])));
    late.get().release();
    expect(lock.writeLock().isReady()).toBe(true);
  });

  it('is empty and usable when everybody who waited gave up', () => {
    const lock = new ReadWriteLock();
    const held = lock.readLock().get();
    const waiters = Array.from({ length: 100 }, () => lock.writeLock());
    for (const waiter of waiters.toReversed()) waiter.discard();
    const reader = lock.readLock();
    const writer = lock.writeLock();

    expect([reader.isReady(), writer.isPending()]).toEqual([true, true]);
    reader.get().release();
    held.release();
    expect(writer.isReady()).toBe(true);
  });
});
