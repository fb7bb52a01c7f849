import type { ContainerEvent } from '@keelson/containerizer';
import { containerMachine, containerStateOf } from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';

type EventType = ContainerEvent['type'];

function after(...events: EventType[]) {
  const actor = createActor(containerMachine).start();
  for (const type of events) actor.send({ type });
  return actor.getSnapshot();
}

const launch: EventType[] = ['PROVISION', 'PREPARE', 'ISOLATE', 'FETCH', 'RUN'];

describe('containerMachine', () => {
  it('goes through the states of Mesos in their order', () => {
    const states = launch.map((_, index) => containerStateOf(after(...launch.slice(0, index + 1))));
    expect(containerStateOf(after())).toBe('STARTING');
    expect(states).toEqual(['PROVISIONING', 'PREPARING', 'ISOLATING', 'FETCHING', 'RUNNING']);
  });

  it('stops in PROVISIONED when nothing is to run', () => {
    expect(containerStateOf(after('PROVISION', 'STAND'))).toBe('PROVISIONED');
  });

  it.each(launch.map((_, index) => launch.slice(0, index)))(
    'can be destroyed after [%s, …]',
    (...before) => {
      expect(containerStateOf(after(...before, 'DESTROY'))).toBe('DESTROYING');
    },
  );

  it('keeps what ran until it is removed, and forgets at once what did not', () => {
    const ran = after(...launch, 'DESTROY', 'ENDED');
    expect(containerStateOf(ran)).toBe('EXITED');
    expect(ran.status).toBe('active');
    expect(after(...launch, 'DESTROY', 'ENDED', 'REMOVE').status).toBe('done');
    expect(containerStateOf(after('DESTROY', 'REMOVE'))).toBe('REMOVED');
  });

  it('stays in DESTROYING after a failed destroy, and can be tried again from there alone', () => {
    const failed = after(...launch, 'DESTROY', 'DESTROY_FAILED');
    expect(containerStateOf(failed)).toBe('DESTROYING');
    expect(failed.can({ type: 'DESTROY' })).toBe(true);
    expect(after(...launch, 'DESTROY').can({ type: 'DESTROY' })).toBe(false);
  });

  it.each<EventType>(['PROVISION', 'PREPARE', 'ISOLATE', 'FETCH', 'RUN', 'STAND', 'FOUND_RUNNING'])(
    'foresees no %s for a container that is being destroyed',
    (type) => {
      expect(after(...launch, 'DESTROY').can({ type })).toBe(false);
    },
  );

  it('takes up what recovery found', () => {
    expect(containerStateOf(after('FOUND_RUNNING'))).toBe('RUNNING');
    expect(containerStateOf(after('FOUND_PROVISIONED'))).toBe('PROVISIONED');
    expect(containerStateOf(after('FOUND_ENDED'))).toBe('EXITED');
  });
});
