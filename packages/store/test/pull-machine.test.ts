import { pullMachine } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { InspectionEvent } from 'xstate';
import { World } from './support/world.js';

describe('pullMachine', () => {
  it('goes from the source to the record', () => {
    const pull = createActor(pullMachine).start();
    for (const type of ['RESOLVED', 'VERIFIED', 'INSTALLED', 'STORED'] as const) pull.send({ type });
    expect(pull.getSnapshot()).toMatchObject({ value: 'STORED', status: 'done' });
  });

  it.each(['RESOLVING', 'VERIFYING', 'INSTALLING', 'STORING'] as const)('may fail or be given up while %s', (value) => {
    for (const [type, end] of [['FAIL', 'FAILED'], ['DISCARD', 'GIVEN_UP']] as const) {
      const pull = createActor(pullMachine, { snapshot: pullMachine.resolveState({ value }) }).start();
      pull.send({ type });
      expect(pull.getSnapshot()).toMatchObject({ value: end, status: 'done' });
    }
  });
});

describe('a pull under way', () => {
  it('tells whoever inspects it every step, and how it ended', () => {
    const states: unknown[] = [];
    const inspect = (event: InspectionEvent): void => {
      if (event.type === '@xstate.snapshot') states.push((event.snapshot as { value?: unknown }).value);
    };
    const world = World.ready(undefined, { inspect });
    world.fakePuller.offer('docker.io/library/app:latest', ['a', 'b']);
    world.value(world.store.pull('app'));
    expect([...new Set(states)]).toEqual(['RESOLVING', 'VERIFYING', 'INSTALLING', 'STORING', 'STORED']);

    states.length = 0;
    world.failure(world.store.pull('nothing'));
    expect([...new Set(states)]).toEqual(['RESOLVING', 'FAILED']);

    states.length = 0;
    world.fakePuller.offer('docker.io/library/other:latest', ['c']);
    world.fakePuller.hold('fetch');
    const given = world.store.pull('other');
    world.settle();
    given.discard();
    world.settle();
    expect([...new Set(states)]).toEqual(['RESOLVING', 'VERIFYING', 'INSTALLING', 'GIVEN_UP']);
  });
});
