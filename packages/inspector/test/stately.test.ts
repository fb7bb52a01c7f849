import { createKeelsonInspector } from '@keelson/inspector';
import type { KeelsonInspector, StatelyMessage } from '@keelson/inspector';
import { Process, ReadWriteLock, Runtime } from '@keelson/process';
import { createWebSocketReceiver } from '@statelyai/inspect';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createActor, createMachine } from 'xstate';

class Echo extends Process<Echo> {
  say(text: string): string {
    return text;
  }
}

const light = createMachine({
  id: 'light',
  initial: 'off',
  context: { password: 'hunter2', switches: 0 },
  states: { off: { on: { toggle: 'on' } }, on: { on: { toggle: 'off', break: 'broken' } }, broken: { type: 'final' } },
});

let inspector: KeelsonInspector | undefined;
let runtime: Runtime | undefined;
afterEach(async () => {
  await inspector?.close();
  await runtime?.finalize();
});

/** What a receiver of @statelyai/inspect itself is told. */
async function received(served: KeelsonInspector): Promise<StatelyMessage[]> {
  const { port } = await served.listen();
  const token = served.fragment.replace('#', '');
  const messages: StatelyMessage[] = [];
  createWebSocketReceiver({ server: `ws://127.0.0.1:${port}/inspector/stately/socket?${token}` }).subscribe(
    (message) => messages.push(message as unknown as StatelyMessage),
  );
  await vi.waitFor(() => expect(messages.length).toBeGreaterThan(0));
  return messages;
}

const ofType = (messages: readonly StatelyMessage[], type: StatelyMessage['type'], sessionId: string) =>
  messages.filter((message) => message.type === type && message.sessionId === sessionId);

describe('the relay to the inspector of Stately', () => {
  it('announces every actor with its chart before anything happens to it, to a receiver that comes late', async () => {
    inspector = createKeelsonInspector({ capacity: 16 });
    runtime = new Runtime();
    inspector.watch(runtime);
    const echo = runtime.spawn(new Echo('echo'));
    const lamp = createActor(light, { id: 'lamp', inspect: inspector.inspect });
    lamp.start();
    for (let n = 0; n < 21; n += 1) lamp.send({ type: 'toggle' });
    const lock = new ReadWriteLock({ name: 'store', runtime });
    const lease = await lock.readLock();
    void lock.writeLock();

    const messages = await received(inspector);
    await echo.say('hello');
    lamp.send({ type: 'break' });
    lease.release();
    await vi.waitFor(() => expect(ofType(messages, '@xstate.snapshot', 'echo(1)').length).toBeGreaterThan(1));

    const lampId = `xstate:${lamp.sessionId}`;
    for (const sessionId of ['echo(1)', lampId, 'store', 'store lease 1', 'store lease 2']) {
      const [actor] = ofType(messages, '@xstate.actor', sessionId);
      expect(actor, sessionId).toBeDefined();
      expect(JSON.parse(actor!.definition!)).toMatchObject({ states: expect.any(Object) });
      expect(messages.find((message) => message.sessionId === sessionId)).toBe(actor);
      expect(actor).toMatchObject({ id: null, _version: '0.7.2', createdAt: expect.stringMatching(/^\d{13}$/) });
    }
    expect(ofType(messages, '@xstate.actor', 'store lease 1')[0]).toMatchObject({ parentId: 'store', rootId: 'store' });
    expect(ofType(messages, '@xstate.event', 'echo(1)')[0]).toMatchObject({ event: { type: 'say' } });
    expect(ofType(messages, '@xstate.snapshot', lampId).at(-1)).toMatchObject({
      snapshot: { status: 'done', value: 'broken' },
    });
    expect(ofType(messages, '@xstate.snapshot', 'store').at(-1)).toMatchObject({ snapshot: { value: 'writing' } });
    expect(JSON.stringify(messages)).not.toContain('hunter2');
  });

  it('passes what XState tells on to another inspector', () => {
    const told: string[] = [];
    inspector = createKeelsonInspector({ inspect: (event) => told.push(event.type) });
    createActor(light, { inspect: inspector.inspect }).start();
    expect(told).toContain('@xstate.actor');
  });
});
