import { readWriteLockMachine } from '@keelson/process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activeStates, leafStates } from '../../src/page/chart/active-states.js';
import { backEdges } from '../../src/page/chart/back-edges.js';
import { readChart } from '../../src/page/chart/chart-model.js';
import type { PlainObject } from '../../src/records/plain.js';

const edgesOf = (definition: PlainObject) => readChart(definition).edges.map(({ id, labels }) => [id, ...labels]);

describe('readChart', () => {
  it('draws siblings, children, absolute targets, guards, delays and what happens when a state is done', () => {
    const chart = readChart({
      id: 'player',
      type: 'parallel',
      on: { RESET: '#silent', PING: { actions: 'pong' } },
      states: {
        sound: { initial: 'on', states: { on: { on: { MUTE: 'off' } }, off: { id: 'silent' } } },
        track: {
          initial: 'stopped',
          on: { STOP: '.stopped' },
          onDone: 'sound',
          states: {
            stopped: { entry: 'rewind', on: { PLAY: [{ guard: 'loaded', target: 'playing.loud' }, { target: 'failed' }] } },
            playing: { initial: 'quiet', after: { 5000: 'stopped' }, states: { quiet: { always: 'loud' }, loud: {} } },
            failed: { type: 'final' },
          },
        },
      },
    });
    expect(chart.edges.map(({ id, labels }) => [id, ...labels])).toEqual([
      [' > sound.off', 'RESET'],
      ['sound.on > sound.off', 'MUTE'],
      ['track > track.stopped', 'STOP'],
      ['track > sound', 'done'],
      ['track.stopped > track.playing.loud', 'PLAY [loaded]'],
      ['track.stopped > track.failed', 'PLAY'],
      ['track.playing > track.stopped', 'after 5000'],
      ['track.playing.quiet > track.playing.loud', 'always'],
    ]);
    expect(chart.root).toMatchObject({ type: 'parallel', notes: ['PING'], initial: undefined });
    expect(chart.root.states[1]!.states[0]).toMatchObject({ id: 'track.stopped', notes: ['entry / rewind'] });
  });

  it('merges what leads from one state to the same other', () => {
    const states = { a: { on: { X: 'b', Y: 'b' } }, b: {} };
    expect(edgesOf({ initial: 'a', states })).toEqual([['a > b', 'X', 'Y']]);
  });

  it('makes something of anything', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const definition = { states: value as PlainObject, on: value as PlainObject };
        const chart = readChart(JSON.parse(JSON.stringify(definition)) as PlainObject);
        expect(chart.root.name).toBe('machine');
        backEdges(chart);
      }),
    );
  });
});

describe('backEdges', () => {
  it('points the lock from unlocked on', () => {
    const chart = readChart(readWriteLockMachine.config as unknown as PlainObject);
    const back = backEdges(chart);
    expect([...back].toSorted()).toEqual([
      'draining > reading',
      'reading > unlocked',
      'writing > draining',
      'writing > reading',
      'writing > unlocked',
    ]);
  });

  it('leaves no way round, whatever the chart', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const edge = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names));
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 20 }), (edges) => {
        const states = Object.fromEntries(
          names.map((name) => {
            const own = edges.filter(([source]) => source === name);
            return [name, { on: Object.fromEntries(own.map(([, target], n) => [`E${n}`, target])) }];
          }),
        );
        const chart = readChart({ initial: 'a', states });
        const back = backEdges(chart);
        const forward = chart.edges.filter(({ id, source, target }) => source !== target && !back.has(id));
        const turned = chart.edges.filter(({ id }) => back.has(id)).map(({ source, target }) => ({ source: target, target: source }));
        // Every round of taking away what nothing leads to must make progress, else there is a way round.
        let left = [...forward, ...turned];
        for (let size = -1; size !== left.length; ) {
          size = left.length;
          left = left.filter(({ source }) => left.some(({ target }) => target === source));
        }
        expect(left).toEqual([]);
      }),
    );
  });
});

describe('activeStates', () => {
  it('knows nested and parallel states', () => {
    const value = { sound: 'off', track: { playing: 'loud' } };
    expect([...activeStates(value)]).toEqual(['', 'sound', 'sound.off', 'track', 'track.playing', 'track.playing.loud']);
    expect(leafStates(value)).toEqual(['sound.off', 'track.playing.loud']);
  });
});
