import type { Metric } from '@keelson/process';
import { Deferred, Metrics, Runtime, VirtualClock } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { Gate } from '../src/gate.js';

/** What a registry tells of a gate's metrics, without those that have nothing to tell. */
function told(clock: VirtualClock, metrics: readonly Metric[]): Readonly<Record<string, number>> {
  const registry = new Metrics({ runtime: new Runtime({ clock }) });
  for (const metric of metrics) registry.add(metric);
  const snapshot = registry.snapshot();
  return snapshot.get();
}

describe('the gate of a store', () => {
  it('lets provisioning and destroying pass beside each other, and a prune alone', () => {
    const gate = new Gate(new VirtualClock());
    const [provision, destroy, prune] = [new Deferred<void>(), new Deferred<void>(), new Deferred<void>()];
    const inside: string[] = [];
    const enter = (name: string, until: Deferred<void>) => () => {
      inside.push(name);
      return until.future;
    };
    gate.pass('provision', enter('provision', provision));
    gate.pass('destroy', enter('destroy', destroy));
    gate.pass('prune', enter('prune', prune));
    gate.pass('provision', enter('late', prune));
    expect(inside).toEqual(['provision', 'destroy']);
    provision.set();
    destroy.set();
    expect(inside).toEqual(['provision', 'destroy', 'prune']);
    prune.set();
    expect(inside.at(-1)).toBe('late');
  });

  it('tells who waits and who holds it, until they have left it one way or another', () => {
    const clock = new VirtualClock();
    const gate = new Gate(clock);
    const leases = () => {
      const all = Object.entries(told(clock, gate.metrics)).filter(([name]) => name.includes('gate_leases'));
      return Object.fromEntries(all.flatMap(([name, value]) => (value ? [[name.split('leases/')[1], value]] : [])));
    };
    const [first, second] = [new Deferred<void>(), new Deferred<void>()];
    gate.pass('provision', () => first.future);
    const prune = gate.pass('prune', () => second.future);
    const behind = gate.pass('destroy', () => second.future);
    expect(leases()).toEqual({ 'provision/held': 1, 'prune/waiting': 1, 'destroy/waiting': 1 });
    prune.discard();
    expect(leases()).toEqual({ 'provision/held': 1, 'destroy/held': 1 });
    first.fail(new Error('x'));
    second.set();
    expect([leases(), behind.isReady()]).toEqual([{}, true]);
  });

  it('tells how long each use waited and held it, in milliseconds', () => {
    const clock = new VirtualClock();
    const gate = new Gate(clock);
    const prune = new Deferred<void>();
    gate.pass('prune', () => prune.future);
    clock.advance(10);
    const work = new Deferred<string>();
    const passed = gate.pass('provision', () => work.future);
    clock.advance(30);
    prune.set();
    clock.advance(5);
    work.set('done');
    expect(passed.get()).toBe('done');
    expect(told(clock, gate.metrics)).toMatchObject({
      'provisioner/gate_wait/prune_ms': 0,
      'provisioner/gate_hold/prune_ms': 40,
      'provisioner/gate_wait/provision_ms': 30,
      'provisioner/gate_hold/provision_ms': 5,
    });
    expect(Object.keys(told(clock, gate.metrics))).not.toContain('provisioner/gate_wait/destroy_ms');
  });

  it('does not count who gave up waiting, and fails who waits when it is closed', () => {
    const clock = new VirtualClock();
    const gate = new Gate(clock);
    gate.pass('prune', () => new Deferred<void>().future);
    const givenUp = gate.pass('destroy', () => new Deferred<void>().future);
    givenUp.discard();
    const waiting = gate.pass('provision', () => new Deferred<void>().future);
    gate.dispose();
    expect([givenUp.isDiscarded(), waiting.isFailed()]).toEqual([true, true]);
    const names = Object.keys(told(clock, gate.metrics));
    expect(names.filter((name) => /(wait|hold)\/(destroy|provision_ms)/.test(name))).toEqual([]);
  });
});
