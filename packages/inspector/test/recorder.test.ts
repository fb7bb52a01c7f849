import type { InspectorRecord } from '@keelson/inspector';
import { ActorTable, Recorder, RecordRing } from '@keelson/inspector';
import { Future, Process, ReadWriteLock, Runtime, VirtualClock } from '@keelson/process';
import type { Lease } from '@keelson/process';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

class Counter extends Process<Counter> {
  #count = 0;
  add(by: number): number {
    return (this.#count += by);
  }
  crash(): void {
    throw new Error('of purpose');
  }
}

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function watched(options: ConstructorParameters<typeof Recorder>[0] = {}) {
  const runtime = new Runtime({ clock: new VirtualClock() });
  const recorder = new Recorder(options);
  recorder.watch(runtime);
  const look = (): void => void stops.push(recorder.look());
  return { runtime, recorder, look, records: () => recorder.ring.read(0).records };
}

const kinds = (records: readonly InspectorRecord[]): string[] => records.map(({ kind }) => kind);

describe('Recorder', () => {
  it('hears of processes but not of events while nobody looks', () => {
    const { runtime, records } = watched();
    const counter = runtime.spawn(new Counter('counter'));
    void counter.add(1);
    void counter.crash().repair(() => undefined as never);
    runtime.settle();

    expect(kinds(records())).toEqual(['spawned', 'exited']);
    expect(records()[1]).toMatchObject({ process: 'counter(1)', reason: { message: 'of purpose' } });
  });

  it('hears of every event while somebody looks, and no longer than that', () => {
    const { runtime, recorder, records } = watched();
    const counter = runtime.spawn(new Counter('counter'));
    runtime.settle();
    const stop = recorder.look();
    void counter.add(1);
    runtime.settle();
    stop();
    void counter.add(1);
    runtime.settle();

    const events = records().filter((record) => 'id' in record);
    expect(kinds(events)).toEqual(['queued', 'begun', 'ended']);
    expect(events[1]).toMatchObject({ label: 'add', arguments: [1], process: 'counter(1)' });
  });

  it('pauses above its limit, and tells exactly how much it missed', () => {
    const { runtime, recorder, look, records } = watched({ eventsPerSecond: 200 });
    const counter = runtime.spawn(new Counter('counter'));
    runtime.settle();
    look();
    for (let n = 0; n < 100; n += 1) void counter.add(1);
    recorder.tick();

    const queued = records().filter(({ kind }) => kind === 'queued').length;
    const gap = records().find((record) => record.kind === 'gap');
    expect(queued).toBe(30);
    expect(gap).toMatchObject({ missed: 100 - 30 - 1 });
    void counter.add(1);
    expect(records().filter(({ kind }) => kind === 'queued')).toHaveLength(31);
    runtime.settle();
    // The backlog is served now: that costs no more than the rest of the share.
    expect(records().filter(({ kind }) => kind === 'begun' || kind === 'ended')).toHaveLength(29);
  });

  it('records a quarter as much in a flood, and all again after it', () => {
    const { runtime, recorder, look, records } = watched({ eventsPerSecond: 200 });
    const counter = runtime.spawn(new Counter('counter'));
    runtime.settle();
    look();
    const recorded = (events: number): number => {
      const before = records().filter(({ kind }) => kind === 'queued').length;
      for (let n = 0; n < events; n += 1) void counter.add(1);
      recorder.tick();
      return records().filter(({ kind }) => kind === 'queued').length - before;
    };

    expect(recorded(1_000)).toBe(30);
    expect(recorded(1_000)).toBe(8);
    expect(recorded(50)).toBe(8);
    expect(recorded(50)).toBe(30);
  });

  it('makes actors of a lock and of every lease it gives, with who asked', () => {
    const { runtime, look, records } = watched();
    const lock = new ReadWriteLock({ name: 'store', runtime });
    look();
    const leases: Lease[] = [];
    lock.readLock().onReady((lease) => leases.push(lease));
    lock.writeLock().onReady((lease) => leases.push(lease));
    const impatient = lock.readLock();
    impatient.discard();

    const table = tableOf(records());
    expect(table.actors.get('store')?.state).toBe('draining');
    expect(table.actors.get('store lease 1')).toMatchObject({ state: 'held', parent: 'store', context: { kind: 'read' } });
    expect(table.actors.get('store lease 2')).toMatchObject({ state: 'waiting', context: { kind: 'write' } });
    expect(table.actors.has('store lease 3')).toBe(false);

    leases[0]!.release();
    expect(tableOf(records()).actors.get('store lease 2')?.state).toBe('held');
    leases[1]!.release();
    expect(tableOf(records()).actors.get('store')?.state).toBe('unlocked');
    expect([...tableOf(records()).actors.keys()]).toEqual(['store']);
  });

  it('tells of the jobs of an executor, with how they ended and what they were for', () => {
    const { runtime, recorder, look, records } = watched();
    look();
    const jobs = recorder.observed({
      execute: ({ name }) => (name === 'bad' ? Future.failed(new Error('disk full')) : (Future.ready('done') as never)),
    });
    class Worker extends Process<Worker> {
      work(): Future<string> {
        return jobs.execute({ name: 'good', input: {} });
      }
    }
    void runtime.spawn(new Worker('worker')).work();
    void jobs.execute({ name: 'bad', input: {} });
    runtime.settle();

    const told = records().filter((record) => record.kind === 'job');
    expect(told.map(({ label, phase }) => [label, phase])).toEqual([
      ['bad', 'started'],
      ['bad', 'failed'],
      ['good', 'started'],
      ['good', 'ready'],
    ]);
    expect(told[1]).toMatchObject({ error: { message: 'disk full' }, cause: 0 });
    expect(records().find((record) => record.kind === 'begun' && record.id === told[2]!.cause)).toMatchObject({ label: 'work' });
    expect(new Set(told.map(({ id }) => Math.sign(id)))).toEqual(new Set([-1]));
  });

  it('tells what became of answers that were pending', () => {
    const { runtime, look, records } = watched();
    class Slow extends Process<Slow> {
      readonly lock = new ReadWriteLock({ name: 'slow' });
      wait() {
        return this.lock.withRead(() => undefined);
      }
    }
    const slow = new Slow('slow');
    const pid = runtime.spawn(slow);
    look();
    let lease: Lease | undefined;
    slow.lock.writeLock().onReady((held) => (lease = held));
    void pid.wait();
    runtime.settle();
    lease!.release();

    const about = records().filter((record) => 'label' in record && record.label === 'wait');
    expect(kinds(about)).toEqual(['queued', 'begun', 'ended', 'settled']);
    expect(about[2]).toMatchObject({ outcome: 'pending' });
    expect(about[3]).toMatchObject({ outcome: 'ready' });
  });
});

describe('RecordRing', () => {
  it('gives every reader the records in order, and counts exactly what was lost to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.nat(30)), (capacity, bursts) => {
        const evicted: number[] = [];
        const ring = new RecordRing(capacity, ({ atMs }) => evicted.push(atMs));
        let told = 0;
        let next = 0;
        const seen: number[] = [];
        for (const burst of bursts) {
          for (let n = 0; n < burst; n += 1) ring.push({ kind: 'exited', atMs: told++, process: 'x' });
          const slice = ring.read(next);
          expect(slice.records[0]?.atMs ?? next + slice.lost).toBe(next + slice.lost);
          seen.push(...slice.records.map(({ atMs }) => atMs));
          next = slice.next;
        }
        expect(seen).toEqual(seen.toSorted((one, other) => one - other));
        expect(evicted).toEqual(Array.from({ length: Math.max(0, told - capacity) }, (_, n) => n));
      }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 1_000_001])('refuses a capacity of %s', (capacity) => {
    expect(() => new RecordRing(capacity)).toThrow(RangeError);
  });
});

describe('ActorTable', () => {
  it('can be told to a new reader at any moment: its records make an equal table', () => {
    const { runtime, recorder, look } = watched({ capacity: 5 });
    look();
    const lock = new ReadWriteLock({ name: 'store', runtime });
    const counter = runtime.spawn(new Counter('counter'));
    void lock.readLock();
    void lock.writeLock();
    void counter.add(1);
    runtime.spawn(new Counter('counter'));
    runtime.settle();

    const whole = tableOf([...recorder.base.toRecords(0), ...recorder.ring.read(recorder.ring.start).records]);
    expect([...whole.actors.keys()].toSorted()).toEqual(
      ['counter(1)', 'counter(2)', 'store', 'store lease 1', 'store lease 2'].toSorted(),
    );
    expect(whole.actors.get('store lease 2')?.state).toBe('waiting');
    expect(whole.definitions.has('readWriteLock')).toBe(true);
  });
});

function tableOf(records: readonly InspectorRecord[]): ActorTable {
  const table = new ActorTable();
  for (const record of records) table.apply(record);
  return table;
}
