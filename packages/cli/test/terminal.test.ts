import { stripVTControlCharacters } from 'node:util';
import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { formatAge, formatBytes, formatDuration } from '../src/terminal/bytes.js';
import { paintFor, printable } from '../src/terminal/paint.js';
import { barLine, ProgressBar } from '../src/terminal/progress-bar.js';
import { PullTracker } from '../src/terminal/pull-tracker.js';
import { formatTable } from '../src/terminal/table.js';

describe('sizes and times for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [9949, '9.9 kB'],
    [9951, '10 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [-1500, '-1.5 kB'],
  ])('shows %i bytes as %s', (sizeBytes, text) => expect(formatBytes(sizeBytes)).toBe(text));

  it('never needs more than three digits for a size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (sizeBytes) => {
        expect(formatBytes(sizeBytes)).toMatch(/^(\d{1,3}|\d\.\d) [kMGTP]?B$/);
      }),
    );
  });

  it('shows durations and ages in their largest unit', () => {
    expect([340, 2100, 59_949, 200_000].map(formatDuration)).toEqual([
      '340 ms',
      '2.1 s',
      '59.9 s',
      '3 min 20 s',
    ]);
    const nowMs = Date.parse('2026-01-03T00:00:00Z');
    const moments = [
      '2026-01-02T23:59:30Z',
      '2026-01-02T23:00:00Z',
      '2026-01-02T12:00:00Z',
      '2025-12-31T00:00:00Z',
    ];
    expect(moments.map((moment) => formatAge(moment, nowMs))).toEqual([
      'just now',
      '60 min ago',
      '12 h ago',
      '3 days ago',
    ]);
    expect(formatAge(undefined, nowMs)).toBe('-');
  });
});

describe('formatTable', () => {
  it('lines columns up and leaves no blanks at the end of a line', () => {
    const columns = [
      { title: 'NAME', text: (row: [string, number]) => row[0] },
      { title: 'SIZE', align: 'right' as const, text: (row: [string, number]) => String(row[1]) },
    ];
    expect(
      formatTable(columns, [
        ['a', 1],
        ['longer', 1234],
      ]),
    ).toEqual(['NAME    SIZE', 'a          1', 'longer  1234']);
  });
});

describe('colours', () => {
  it('are for terminals alone, and for nobody who said NO_COLOR', () => {
    const terminal = { isTTY: true, write: () => {} };
    expect(paintFor(terminal, {})('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(paintFor(terminal, { NO_COLOR: '1' })('red', 'x')).toBe('x');
    expect(paintFor(terminal, { TERM: 'dumb' })('red', 'x')).toBe('x');
    expect(paintFor({ write: () => {} }, {})('red', 'x')).toBe('x');
  });

  it('do not come from what a container prints', () => {
    expect(printable('a\u001b[2Jb\u202ec')).toBe('a\\u001b[2Jb\\u202ec');
  });
});

describe('the progress bar', () => {
  const columns = fc.integer({ min: 10, max: 200 });
  const words = fc.string({ unit: 'grapheme-ascii', maxLength: 60 });

  it('is never wider than the terminal', () => {
    fc.assert(
      fc.property(
        words,
        fc.double({ min: -1, max: 2, noNaN: true }),
        words,
        columns,
        (label, fraction, note, width) => {
          expect(barLine(label, fraction, note, width, (_format, text) => text).length).toBeLessThanOrEqual(
            width,
          );
        },
      ),
    );
  });

  it('draws on terminals only, 25 times a second at most, and goes away', () => {
    const written: string[] = [];
    let nowMs = 0;
    const stream = { isTTY: true, columns: 60, write: (text: string) => written.push(text) };
    const bar = new ProgressBar(
      stream,
      (_format, text) => text,
      () => nowMs,
    );
    bar.update('image', 0.5, 'half');
    nowMs = 39;
    bar.update('image', 0.6, 'more');
    nowMs = 40;
    bar.update('image', 0.7, 'much');
    bar.finish('done');
    expect(written.map(stripVTControlCharacters).join('')).toMatch(
      /^\r {2}image {2}━+─+ {2}half\r {2}image {2}━+─+ {2}much\rdone\n$/,
    );

    const plain: string[] = [];
    const silent = new ProgressBar(
      { write: (text) => plain.push(text) },
      (_format, text) => text,
      () => 0,
    );
    silent.update('image', 0.5, 'half');
    silent.finish();
    expect(plain).toEqual([]);
  });

  it('adds up what must be fetched, and leaves out what is here', () => {
    const tracker = new PullTracker();
    expect([tracker.fraction, tracker.note]).toEqual([0, 'asking the registry']);
    const layers = ['a', 'b', 'c'].map((digest) => ({ digest, sizeBytes: 1000 }));
    tracker.add({ kind: 'resolved', layers });
    tracker.add({ kind: 'layer', digest: 'a', state: 'reused', receivedBytes: 0, sizeBytes: 1000 });
    tracker.add({ kind: 'layer', digest: 'b', state: 'downloading', receivedBytes: 500, sizeBytes: 1000 });
    tracker.add({ kind: 'layer', digest: 'c', state: 'unpacking', receivedBytes: 0, sizeBytes: 1000 });
    expect(tracker.fraction).toBe(0.75);
    expect(tracker.note).toBe('1.5 kB of 2.0 kB, 1 here already, unpacking 1');
  });
});
