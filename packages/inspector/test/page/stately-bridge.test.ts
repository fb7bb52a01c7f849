import { createBrowserReceiver } from '@statelyai/inspect';
import { describe, expect, it } from 'vitest';
import { StatelyBridge } from '../../src/page/stately-bridge.js';
import type { InspectorRecord } from '../../src/records/record.js';

const origin = 'https://stately.ai';
const records: readonly InspectorRecord[] = [
  { kind: 'spawned', atMs: 1, process: 'store(1)', cause: 0 },
  { kind: 'begun', atMs: 2, process: 'store(1)', id: 1, cause: 0, label: 'get', arguments: [] },
];

/** A window in which a receiver of @statelyai/inspect listens, framed by ours. */
function framed() {
  const listeners: ((event: { data: unknown }) => void)[] = [];
  const viewer = {
    postMessage(data: unknown, target: string) {
      expect(target).toBe(origin);
      // As between windows, what arrives is a copy.
      for (const listener of listeners) listener({ data: structuredClone(data) });
    },
  };
  const bridge = new StatelyBridge(viewer, origin, () => 1_000);
  const parent = { postMessage: (data: unknown) => bridge.hear({ data, origin, source: viewer }) };
  const window = {
    self: 'the frame',
    top: 'our page',
    parent,
    addEventListener: (_type: string, listener: (event: { data: unknown }) => void) => listeners.push(listener),
  };
  return { bridge, viewer, window: window as never };
}

describe('the bridge to the page of Stately', () => {
  it('hands its receiver everything, what came before it too', () => {
    const { bridge, window } = framed();
    bridge.reset(records.slice(0, 1));
    const received: { type: string; sessionId: string; createdAt: string }[] = [];
    const receiver = createBrowserReceiver({ window });
    // It greets before anybody can subscribe: what waited is lost to late subscribers, by its own rule.
    receiver.subscribe((message) => received.push(message as never));
    bridge.take(records.slice(1));

    expect(received.map(({ type, sessionId }) => [type, sessionId])).toEqual([
      ['@xstate.event', 'store(1)'],
      ['@xstate.snapshot', 'store(1)'],
    ]);
    expect(received[0]!.createdAt).toBe('1002');
  });

  it('sends nothing before the viewer greets, and believes nobody else', () => {
    const { bridge, viewer } = framed();
    const sent: unknown[] = [];
    viewer.postMessage = (data) => void sent.push(data);
    const greeting = { type: '@statelyai.connected' };
    bridge.take(records);
    bridge.hear({ data: greeting, origin: 'https://evil.example', source: viewer });
    bridge.hear({ data: greeting, origin, source: {} });
    bridge.hear({ data: 'hello', origin, source: viewer });
    expect(sent).toEqual([]);
    bridge.hear({ data: greeting, origin, source: viewer });
    expect(sent).toHaveLength(3);
  });
});
