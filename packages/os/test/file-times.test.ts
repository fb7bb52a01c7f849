import { setModifiedTime } from '@keelson/os/system-calls';
import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'keelson-times-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const timeOf = (path: string) => lstatSync(path, { bigint: true }).mtimeNs;

describe('a modification time', () => {
  it('is set to the nanosecond, also before 1970', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    setModifiedTime(file, 1_700_000_000, 123_456_789);
    expect(timeOf(file)).toBe(1_700_000_000_123_456_789n);
    setModifiedTime(file, -2, 750_000_000);
    expect(timeOf(file)).toBe(-1_250_000_000n);
  });

  it('of a link is its own', () => {
    const [file, link] = [join(folder, 'target'), join(folder, 'link')];
    writeFileSync(file, '');
    symlinkSync(file, link);
    const before = timeOf(file);
    setModifiedTime(link, 5, 6);
    expect([timeOf(link), timeOf(file)]).toEqual([5_000_000_006n, before]);
  });

  it('of what is not there cannot be set', () => {
    expect(() => setModifiedTime(join(folder, 'missing'), 0, 0)).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});
