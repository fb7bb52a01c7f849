import { SimulatedDisk, SimulatedFiles, crashWindow } from '@keelson/simulation';
import type { CrashFate } from '@keelson/simulation';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const fates = (): fc.Arbitrary<CrashFate[]> =>
  fc.array(fc.constantFrom<CrashFate>('kept', 'lost', 'torn'), { maxLength: crashWindow });

/** Files whose steps run at once; `stopAfter` steps the power goes and nothing runs any more. */
function filesOn(disk: SimulatedDisk, stopAfter = Number.POSITIVE_INFINITY): SimulatedFiles {
  let steps = 0;
  return new SimulatedFiles({
    disk,
    schedule: (_label, run) => {
      if (steps < stopAfter) run();
      steps += 1;
    },
  });
}

function contentOf(disk: SimulatedDisk, path: string): string | undefined {
  const read = filesOn(disk).read(path);
  return read.isReady() ? new TextDecoder().decode(read.get()) : undefined;
}

describe('SimulatedDisk', () => {
  it('takes nothing of what a file had when an append is torn, and keeps the first half of what was appended', () => {
    const disk = new SimulatedDisk();
    filesOn(disk).writeDurably('/journal', bytes('one line\n'));
    filesOn(disk, 1).appendDurably('/journal', bytes('another '));
    const found = disk.pending.map((_, at) =>
      contentOf(disk.afterCrash(disk.pending.map((__, n) => (n === at ? 'torn' : 'kept'))), '/journal'),
    );
    expect(found).toEqual(['one line\nanot']);
  });

  it('has the old content or the new after a crash anywhere in writeDurably, never a mix and never nothing', () => {
    fc.assert(
      fc.property(fc.nat(6), fates(), (stopAfter, fate) => {
        const disk = new SimulatedDisk();
        filesOn(disk).writeDurably('/record', bytes('the old record'));
        const files = filesOn(disk, stopAfter);

        const written = files.writeDurably('/record', bytes('the new and longer record'));
        const found = contentOf(disk.afterCrash(fate), '/record');

        const mayBeOld = written.isReady() ? [] : ['the old record'];
        expect([...mayBeOld, 'the new and longer record']).toContain(found);
      }),
    );
  });

  it('may lose or tear a file that was renamed without fsync, as the disks it stands for do', () => {
    const outcomes = new Set<string | undefined>();
    fc.assert(
      fc.property(fates(), (fate) => {
        const disk = new SimulatedDisk();
        const files = filesOn(disk);
        files.makeDirectory('/folder');
        disk.syncAll();
        files.appendDurably('/folder/log', bytes('one '));
        disk.change({ kind: 'write', inode: inodeOf(disk, '/folder/log'), content: bytes('one two ') });
        outcomes.add(contentOf(disk.afterCrash(fate), '/folder/log'));
      }),
    );
    expect([...outcomes].toSorted()).toEqual(['one ', 'one two ']);
  });

  it('keeps a synced rename out of a directory that was never synced itself', () => {
    fc.assert(
      fc.property(fates(), (fate) => {
        const disk = new SimulatedDisk();
        const files = filesOn(disk);
        files.makeDirectory('/layers');
        disk.syncAll();
        files.makeDirectory('/staging/x');
        files.rename('/staging/x', '/layers/x');
        files.syncDirectory('/layers');

        const after = filesOn(disk.afterCrash(fate));
        expect(after.status('/layers/x').get()?.kind).toBe('directory');
        expect(after.status('/staging/x').get()).toBeUndefined();
      }),
    );
  });

  it('loses what stands in a directory whose creation was lost', () => {
    const disk = new SimulatedDisk();
    filesOn(disk).makeDirectory('/a/b');
    const found = filesOn(disk.afterCrash(['lost', 'lost', 'kept', 'kept']));
    expect(found.list('/').get()).toEqual([]);
  });

  it('loses nothing older than the window', () => {
    const disk = new SimulatedDisk();
    const files = filesOn(disk);
    for (let index = 0; index < 10; index += 1) files.makeNewDirectory(`/d${index}`);
    const left = filesOn(disk.afterCrash(Array.from({ length: crashWindow }, () => 'lost' as const))).list('/').get();
    expect(left.length).toBe(10 - crashWindow / 2);
  });
});

function inodeOf(disk: SimulatedDisk, path: string): number {
  return filesOn(disk).status(path).get()?.inode as number;
}
