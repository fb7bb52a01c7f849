import { VirtualClock, Runtime } from '@keelson/process';
import type { PID } from '@keelson/process';
import { MetadataManager, parseExclusions, StorePaths } from '@keelson/store';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './support/memory-files.js';
import { storedImage } from './support/stored-image.js';

const paths = new StorePaths('/root');
const layer = (n: number): string => n.toString(16).padStart(64, '0');
const alpine = storedImage('docker.io/library/alpine:latest', [layer(1), layer(2)]);
const mysql = storedImage('docker.io/library/mysql:latest', [layer(1), layer(3)]);
const nobody = { exclusions: [], references: new Map<string, string>() };

class Bench {
  readonly clock = new VirtualClock();
  readonly runtime = new Runtime({ clock: this.clock });
  readonly manager: PID<MetadataManager>;
  #ids = 0;

  constructor(readonly files = new MemoryFiles()) {
    files.mkdir(paths.quarantine);
    const random = { next: () => 0, id: (prefix: string) => `${prefix}${(this.#ids += 1)}` };
    this.manager = this.runtime.spawn(new MetadataManager({ paths, files, random }));
  }

  /** A new manager on the same files, as after a restart. */
  restarted(): Bench {
    const next = new Bench(this.files);
    next.value(next.manager.recover());
    return next;
  }

  value<T>(future: { get(): T }): T {
    this.runtime.settle();
    return future.get();
  }

  references(): string[] {
    return this.value(this.manager.images())
      .images.map((image) => image.reference)
      .toSorted();
  }
}

describe('metadata manager', () => {
  it('knows after a restart what it knew before', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    bench.value(bench.manager.put(mysql));
    bench.value(bench.manager.pin(mysql.reference));

    const again = bench.restarted();

    expect(again.value(again.manager.get(alpine.reference))).toEqual(alpine);
    expect(again.value(again.manager.get(mysql.reference))).toEqual({ ...mysql, pinned: true });
    expect(again.value(again.manager.images()).storeVersion).toBe(3);
  });

  it('answers nothing for an unknown image, and for any when the cache is not wanted', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    expect(bench.value(bench.manager.get(mysql.reference))).toBeUndefined();
    expect(bench.value(bench.manager.get(alpine.reference, false))).toBeUndefined();
  });

  it('prune keeps the excluded images that are cached, tolerates and reports those that are not', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    bench.value(bench.manager.put(mysql));

    const cut = bench.value(
      bench.manager.prune({
        ...nobody,
        exclusions: parseExclusions(['mysql', 'library/mysql:latest', 'nginx']),
      }),
    );

    expect(cut.kept).toEqual([{ image: mysql, why: 'excluded as mysql' }]);
    expect(cut.removed).toEqual([alpine]);
    expect(cut.unmatchedExclusions).toEqual(['nginx']);
    expect(bench.references()).toEqual([mysql.reference]);
  });

  it('prune answers every kept image with all of its layers', () => {
    const bench = new Bench();
    for (const image of [alpine, mysql]) bench.value(bench.manager.put(image));
    const cut = bench.value(
      bench.manager.prune({ ...nobody, exclusions: parseExclusions(['mysql', 'alpine']) }),
    );
    const retained = new Set(cut.kept.flatMap(({ image }) => image.layers));
    expect([...retained].toSorted()).toEqual([layer(1), layer(2), layer(3)]);
  });

  it('prune keeps what a kept image needs beside its layers: the configuration (MESOS-9704)', () => {
    const bench = new Bench();
    for (const image of [alpine, mysql]) bench.value(bench.manager.put(image));
    bench.value(bench.manager.prune({ ...nobody, exclusions: parseExclusions(['mysql']) }));

    const again = bench.restarted();

    expect(again.value(again.manager.get(mysql.reference))?.config).toEqual(mysql.config);
  });

  it('prune keeps pinned and held images and says why', () => {
    const bench = new Bench();
    for (const image of [alpine, mysql]) bench.value(bench.manager.put(image));
    bench.value(bench.manager.pin(alpine.reference));

    const held = new Map([[mysql.reference, 'in use by web']]);
    const cut = bench.value(bench.manager.prune({ exclusions: [], references: held }));

    expect(cut.kept.map(({ why }) => why).toSorted()).toEqual(['in use by web', 'pinned']);
    expect(cut.removed).toEqual([]);
  });

  it('prune persists before answering', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    const proceed = bench.files.hold('appendDurably', /storedImages$/);

    const cut = bench.manager.prune(nobody);
    bench.runtime.settle();
    expect(cut.isPending()).toBe(true);
    proceed();
    bench.runtime.settle();

    expect(cut.isReady()).toBe(true);
    expect(bench.restarted().references()).toEqual([]);
  });

  it('changes memory only after the write succeeded: a failed prune forgets nothing', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    bench.files.fail('appendDurably', /storedImages$/, 'EIO');

    const cut = bench.manager.prune(nobody);
    bench.runtime.settle();

    expect(cut.failure()).toMatchObject({ code: 'EIO' });
    expect(bench.references()).toEqual([alpine.reference]);
    expect(bench.restarted().references()).toEqual([alpine.reference]);
  });

  it('puts one after another, and goes on after one that failed', () => {
    const bench = new Bench();
    bench.files.fail('writeDurably', /storedImages$/, 'EIO', 1);
    const failed = bench.manager.put(alpine);
    const done = bench.manager.put(mysql);
    bench.runtime.settle();
    expect(failed.failure()).toMatchObject({ code: 'EIO' });
    expect(done.isReady()).toBe(true);
    expect(bench.restarted().references()).toEqual([mysql.reference]);
  });

  it('cleans up half a line that a failed write left, before it writes more', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    const before = bench.files.text(paths.storedImages);
    bench.files.fail('appendDurably', /storedImages$/, 'ENOSPC', 1);
    const failed = bench.manager.put(mysql);
    bench.files.put(paths.storedImages, `${before}{"format":"keelson.im`);
    bench.runtime.settle();
    expect(failed.isFailed()).toBe(true);

    bench.value(bench.manager.put(mysql));

    expect(bench.restarted().references()).toEqual([alpine.reference, mysql.reference]);
  });

  it('survives a last line that was cut anywhere, and can write after it', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    const first = bench.files.text(paths.storedImages).length;
    bench.value(bench.manager.put(mysql));
    const whole = bench.files.text(paths.storedImages);

    fc.assert(
      fc.property(fc.integer({ min: first + 1, max: whole.length - 1 }), (end) => {
        const files = new MemoryFiles();
        files.put(paths.storedImages, whole.slice(0, end));
        const torn = new Bench(files).restarted();
        expect(torn.references()).toEqual([alpine.reference]);
        torn.value(torn.manager.put(mysql));
        expect(torn.restarted().references()).toEqual([alpine.reference, mysql.reference]);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['empty', '', 'EMPTY'],
    ['of zeros', '\0\0\0\0\0\0\0\0', 'CORRUPT'],
    ['damaged in the middle', 'garbage\n{"format":"x"}\n', 'CORRUPT'],
  ])('starts cold and keeps the file in quarantine when it is %s (MESOS-8871)', (_, content, code) => {
    const files = new MemoryFiles();
    files.put(paths.storedImages, content);
    const bench = new Bench(files);

    const recovery = bench.value(bench.manager.recover());

    expect(recovery).toMatchObject({ images: 0, problem: { object: 'storedImages', code } });
    expect(files.names(paths.quarantine)).toEqual(['storedImages.1']);
    bench.value(bench.manager.put(alpine));
    expect(bench.restarted().references()).toEqual([alpine.reference]);
  });

  it('starts with nothing when there is no file yet', () => {
    const bench = new Bench();
    expect(bench.value(bench.manager.recover())).toEqual({ images: 0 });
    expect(bench.files.names(paths.quarantine)).toEqual([]);
  });

  it('rewrites a journal that has grown long, and keeps its version', () => {
    const bench = new Bench();
    for (let count = 0; count < 400; count += 1) bench.value(bench.manager.put(alpine));

    const lines = bench.files.text(paths.storedImages).split('\n').length - 1;

    expect(lines).toBeLessThan(300);
    const again = bench.restarted();
    expect(again.value(again.manager.images())).toEqual({ storeVersion: 400, images: [alpine] });
  });

  it('fails a prune of a plan that is not of the present version, and forgets nothing', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    const stale = bench.manager.prune(nobody, 0);
    bench.runtime.settle();
    expect(stale.failure()).toMatchObject({ code: 'PLAN_STALE' });
    expect(bench.references()).toEqual([alpine.reference]);
  });

  it('writes the first use at once, gathers what follows, and does not change the version', () => {
    const bench = new Bench();
    for (const image of [alpine, mysql]) bench.value(bench.manager.put(image));
    const writes = (): number => bench.files.changes.length;
    const before = writes();

    bench.value(bench.manager.touch(alpine.reference, '2026-02-01T00:00:00.000Z'));
    expect(writes()).toBe(before + 1);
    const killed = bench.restarted();
    expect(killed.value(killed.manager.get(alpine.reference))?.lastUsedAt).toBe('2026-02-01T00:00:00.000Z');

    bench.value(bench.manager.touch(alpine.reference, '2026-02-01T00:00:01.000Z'));
    bench.value(bench.manager.touch(mysql.reference, '2026-02-01T00:00:01.000Z'));
    expect(writes()).toBe(before + 1);
    bench.clock.advance(5_000);
    bench.runtime.settle();

    expect(writes()).toBe(before + 2);
    const again = bench.restarted();
    expect(again.value(again.manager.get(mysql.reference))?.lastUsedAt).toBe('2026-02-01T00:00:01.000Z');
    expect(again.value(again.manager.images()).storeVersion).toBe(2);
  });

  it('tells uses that are not written yet, and keeps those that could not be written', () => {
    const bench = new Bench();
    bench.value(bench.manager.put(alpine));
    bench.files.fail('appendDurably', /storedImages$/, 'ENOSPC', 1);
    bench.value(bench.manager.touch(alpine.reference, '2026-02-01T00:00:00.000Z'));
    const lastUsedAt = (): string | undefined => bench.value(bench.manager.images()).images[0]?.lastUsedAt;
    expect(lastUsedAt()).toBe('2026-02-01T00:00:00.000Z');
    expect(bench.value(bench.manager.get(alpine.reference))?.lastUsedAt).toBeUndefined();

    bench.clock.advance(5_000);
    bench.runtime.settle();

    const again = bench.restarted();
    expect(again.value(again.manager.get(alpine.reference))?.lastUsedAt).toBe('2026-02-01T00:00:00.000Z');
  });

  it('keeps a pin and the last use when the image is pulled again', () => {
    const bench = new Bench();
    bench.value(bench.manager.put({ ...alpine, lastUsedAt: '2026-02-01T00:00:00.000Z' }));
    bench.value(bench.manager.pin(alpine.reference));
    const again = bench.value(bench.manager.put(alpine));
    expect(again).toMatchObject({ pinned: true, lastUsedAt: '2026-02-01T00:00:00.000Z' });
  });

  it('sets space aside, and gives it up to forget names on a full disk', () => {
    const bench = new Bench();
    for (const image of [alpine, mysql]) bench.value(bench.manager.put(image));
    const full = bench.restarted();
    expect(full.files.names(paths.root)).toContain('reserve');
    full.files.fail('appendDurably', /storedImages$/, 'ENOSPC', 1);

    const cut = full.value(full.manager.prune({ ...nobody, exclusions: parseExclusions(['mysql']) }));

    expect(cut.removed).toEqual([alpine]);
    expect(full.files.names(paths.root)).not.toContain('reserve');
    expect(full.references()).toEqual([mysql.reference]);
    full.value(full.manager.pin(mysql.reference));
    expect(full.files.names(paths.root)).toContain('reserve');
    expect(full.restarted().references()).toEqual([mysql.reference]);
  });

  it('does not spend the space set aside on new images', () => {
    const first = new Bench();
    first.value(first.manager.put(mysql));
    const bench = first.restarted();
    bench.files.fail('appendDurably', /storedImages$/, 'ENOSPC', 1);
    const put = bench.manager.put(alpine);
    bench.runtime.settle();
    expect(put.failure()).toMatchObject({ code: 'ENOSPC' });
    expect(bench.files.names(paths.root)).toContain('reserve');
  });
});
