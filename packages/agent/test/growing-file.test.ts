import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGrowing } from '@keelson/agent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let path: string;
const here = new AbortController().signal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-growing-'));
  path = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += Buffer.from(chunk).toString('latin1');
  return text;
}

describe('reading a file that grows', () => {
  it('ends where the file ends, or at once where there is none', async () => {
    expect(await textOf(readGrowing(path, here))).toBe('');
    writeFileSync(path, 'x'.repeat(200_000));
    expect((await textOf(readGrowing(path, here))).length).toBe(200_000);
  });

  it('goes on until it is told to end, and then reads what is left', async () => {
    let end: () => void = () => {};
    const until = new Promise<void>((resolve) => (end = resolve));
    const reading = readGrowing(path, here, until);
    const first = reading.next();
    writeFileSync(path, 'one ');
    expect(Buffer.from((await first).value!).toString()).toBe('one ');
    appendFileSync(path, 'two ');
    end();
    appendFileSync(path, 'three');
    expect(await textOf(reading)).toBe('two three');
  });

  it('ends when nobody listens any more', async () => {
    const gone = new AbortController();
    writeFileSync(path, 'one');
    const reading = readGrowing(path, gone.signal, new Promise(() => {}));
    await reading.next();
    gone.abort();
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });
});
