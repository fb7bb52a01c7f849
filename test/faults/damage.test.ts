import { ContainerPaths, containerConfig } from '@keelson/containerizer';
import * as records from '@keelson/containerizer';
import type { RecordFormat } from '@keelson/store';
import { decodeRecord, encodeRecord } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { encodeEntry, JournalReader } from '../../packages/store/dist/image-journal.js';
import { layerRecordFormat } from '../../packages/store/dist/layer-record.js';
import { layersRecord } from '../../packages/provisioner/dist/layers-record.js';

const digest = `sha256:${'a'.repeat(64)}` as const;
const layerId = 'b'.repeat(64);
const at = '2026-01-01T00:00:00.000Z';
const identity = { pid: 4711, startTicks: 12345, bootId: 'c0ffee' };

/** A record of every kind that is on the disk, as it is written. */
const samples: readonly (readonly [string, RecordFormat<any>, unknown])[] = [
  ['layer.json', layerRecordFormat, layerRecord()],
  ['layers', layersRecord, { rootfses: [{ rootfsId: 'r1', backend: 'copy', reference: 'docker.io/library/a:1', digest, layers: [layerId] }] }],
  ['config', records.configFormat, { config: containerConfig({ image: { type: 'DOCKER', name: 'a' }, argv: ['x', 'é'] }), createdAt: at }],
  ['launch_info', records.launchInfoFormat, { rootfs: '/r', backend: 'copy', layers: [layerId], launcher: 'crun' }],
  ['pid', records.processFormat, { pid: 4711, process: identity, monitor: { ...identity, pid: 4712 } }],
  ['termination', records.terminationFormat, { exitStatus: 137, signal: 'SIGKILL', reason: 'DESTROYED' }],
];

describe.each(samples)('a damaged %s', (_, format, value) => {
  const whole = encodeRecord(format, value);
  const original = decodeRecord(format, whole);

  it('is detected or harmless wherever it is cut', () => {
    expect(original.ok).toBe(true);
    for (let length = 0; length < whole.length; length += 1) {
      const read = decodeRecord(format, whole.slice(0, length));
      if (read.ok) expect(read).toEqual(original);
    }
  });

  it('is detected or harmless whichever of its bits are flipped', () => {
    const random = generator(7);
    let detected = 0;
    for (let count = 0; count < 10_000; count += 1) {
      const read = decodeRecord(format, flipped(whole, random));
      if (read.ok) expect(read).toEqual(original);
      else detected += 1;
    }
    expect(detected).toBeGreaterThan(9_000);
  });
});

describe('a damaged journal of images', () => {
  const images = ['one', 'two', 'three', 'four'].map(imageRecord);
  const whole = Buffer.concat([
    encodeEntry({ op: 'begin', storeVersion: 4, images: 2 }),
    ...images.map((image) => encodeEntry({ op: 'put', image })),
    encodeEntry({ op: 'touch', references: [images[0]!.reference], at }),
  ]);
  const read = (bytes: Uint8Array) => {
    const reader = new JournalReader(bytes);
    while (!reader.advance(100));
    return reader;
  };
  const tableOf = (reader: JournalReader) => [...reader.table.images.values()];
  const original = tableOf(read(whole));

  it('that is cut is read up to the last whole line, or detected', () => {
    for (let length = 0; length < whole.length; length += 1) {
      const reader = read(whole.subarray(0, length));
      if (reader.problem) continue;
      // A line that never came to its end was never acknowledged.
      const before = tableOf(read(whole.subarray(0, whole.lastIndexOf('\n', length - 1) + 1)));
      expect(tableOf(reader)).toEqual(before);
    }
  });

  it('whose bits are flipped is detected, or says the same', () => {
    const random = generator(11);
    for (let count = 0; count < 10_000; count += 1) {
      const damaged = flipped(whole, random);
      const reader = read(damaged);
      if (reader.problem || reader.tailProblem) continue;
      // The line end of the last line alone can go without a trace: then the line counts as cut short.
      if (reader.torn) expect(damaged.at(-1)).not.toBe(0x0a);
      else expect(tableOf(reader)).toEqual(original);
    }
  });
});

it('keeps a status that is no number for none', () => {
  for (const text of ['', '1', '1 \n', '-1\n', '0x1\n', '1\n2\n', '1234\n']) expect(records.parseStatus(text)).toBeUndefined();
  expect(records.parseStatus('137\n')).toBe(137);
  expect(new ContainerPaths('/r').status('a')).toBe('/r/runtime/containers/a/status');
});

function layerRecord() {
  const counts = { sizeBytes: 10, allocatedBytes: 4096, entries: 3 };
  const blob = { digest, sizeBytes: 7 };
  return { id: layerId, diffId: digest, parent: 'c'.repeat(64), ...counts, whiteouts: ['a/b'], opaques: [], blob, createdAt: at, rootfsDigest: digest };
}

function imageRecord(name: string) {
  return {
    reference: `docker.io/library/${name}:1`,
    digest,
    configDigest: digest,
    config: { env: ['A=b'], entrypoint: [], cmd: ['sh'], workingDirectory: '', user: '' } as never,
    platform: { os: 'linux', architecture: 'amd64' },
    layers: [layerId],
    layerBlobs: [{ digest, sizeBytes: 7 }],
    sizeBytes: 10,
    pulledAt: at,
    pinned: false,
  };
}

/** One bit of one byte, anywhere. */
function flipped(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[random() % copy.length]! ^= 1 << random() % 8;
  return copy;
}

/** The same numbers in every run (a linear congruential generator, Numerical Recipes). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
