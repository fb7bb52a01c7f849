import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  configurationSchema,
  effectiveSettings,
  readConfiguration,
  readSettingFlags,
} from '@keelson/agent/configuration';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonSchema } from '../src/schema/schema.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-configuration-'));
  file = join(folder, 'agent.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (document: unknown): void =>
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
const fallback = { root: '/fallback' };

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it was not refused');
}

describe('a configuration', () => {
  it('takes a flag before the file, and the file before what is usual', () => {
    write({ root: '/file', backend: 'copy', heartbeatMs: 500 });
    const read = readConfiguration(file, { backend: 'bind' }, { ...fallback, heartbeatMs: 700 });
    expect(read).toEqual({ root: '/file', backend: 'bind', heartbeatMs: 500 });
    expect(readConfiguration(undefined, {}, fallback)).toEqual(fallback);
  });

  it.each([
    [{ lissten: ':1' }, /the configuration in .*agent\.json: lissten is not one of root, backend/],
    [{ heartbeatMs: 5 }, /heartbeatMs is 5, but must be a whole number of milliseconds from 100 to 600000/],
    // Mesos fell for nanoseconds here (T19): the unit is in the name, and a hot loop below the least value.
    [{ imageGc: { watchIntervalMs: 5 } }, /imageGc\.watchIntervalMs is 5, but must be a whole number of milliseconds from 1000 to/],
    [{ maxBodyBytes: '1M' }, /maxBodyBytes is "1M", but must be a whole number of bytes from 1024 to 67108864/],
    [{ backend: 'aufs' }, /backend is "aufs", but must be one of copy, overlay, bind/],
    [{ listen: 'here' }, /listen is "here", but must be HOST:PORT/],
    [{ root: 'relative' }, /root is "relative", but must be an absolute path/],
    [{ journal: 'yes' }, /journal is "yes", but must be true or false/],
    [{ platform: 'linux' }, /platform is "linux", but must be OS\/ARCHITECTURE/],
    [{ allowedHosts: 'a' }, /allowedHosts is "a", but must be a list of at most 64/],
    [{ allowedHosts: [1] }, /allowedHosts\[0\] is 1, but must be a text/],
    [{ tls: { certificateFile: '/c' } }, /tls\.keyFile is undefined, but must be an absolute path/],
    [{ tls: { password: 'secret!' } }, /tls\.password is not one of certificateFile/],
    [{ acls: { prune_images: [{ principals: { type: 'ANY' }, images: { values: ['a'] } }] } }, /must be either NONE or ANY/],
    ['[]', /must be a JSON object/],
    ['{"root":', /cannot read the configuration in .*: .*JSON/],
  ])('is refused with the field, its unit and its bounds: %j', (document, message) => {
    write(document);
    const { code, message: told } = refusal(() => readConfiguration(file, {}, fallback));
    expect([code, told]).toEqual(['CONFIG_INVALID', expect.stringMatching(message)]);
    expect(told).not.toContain('secret!');
  });

  it('is refused as a file that is not there, or is no configuration by its size', () => {
    expect(refusal(() => readConfiguration(file, {}, fallback)).message).toMatch(/ENOENT/);
    write(' '.repeat(1024 * 1024 + 1));
    expect(refusal(() => readConfiguration(file, {}, fallback)).message).toMatch(/1048577 bytes, more than 1048576/);
  });

  it('is checked in the file, even where a flag wins', () => {
    write({ heartbeatMs: -1 });
    expect(refusal(() => readConfiguration(file, { heartbeatMs: 500 }, fallback)).message).toMatch(/heartbeatMs is -1/);
  });
});

describe('a setting as a flag', () => {
  it('is any field, by its path', () => {
    const flags = ['listen=127.0.0.1:1', 'heartbeatMs=500', 'tls.keyFile=/k', 'tls.certificateFile=/c', 'journal=false'];
    expect(readSettingFlags(flags)).toEqual({
      listen: '127.0.0.1:1',
      heartbeatMs: 500,
      tls: { keyFile: '/k', certificateFile: '/c' },
      journal: false,
    });
    expect(readSettingFlags(['root=/a=b'])).toEqual({ root: '/a=b' });
  });

  it.each([
    ['heartbeatMs', /--set heartbeatMs must be NAME=VALUE/],
    ['=1', /--set {2}must be NAME=VALUE/],
    ['heartbeat=1', /--set heartbeat is not the name of a setting/],
    ['__proto__.x=1', /--set __proto__\.x is not the name of a setting/],
    ['heartbeatMs=soon', /--set heartbeatMs must have a value in JSON, of type integer/],
  ])('is refused by its name: %s', (flag, message) => {
    expect(refusal(() => readSettingFlags([flag])).message).toMatch(message);
  });
});

describe('the settings in effect', () => {
  it('are told with their defaults, nested ones by their path', () => {
    const told = effectiveSettings({ root: '/r', tls: { certificateFile: '/c', keyFile: '/k' } });
    expect(told).toContainEqual({ name: 'root', value: '/r' });
    expect(told).toContainEqual({ name: 'tls.keyFile', value: '/k' });
    expect(told).toContainEqual({ name: 'heartbeatMs', value: '15000' });
    expect(told.map(({ name }) => name)).not.toContain('tokenFile');
  });
});

describe('docs/configuration.md', () => {
  it('has a row for every setting, with its unit, bounds and default', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const missing = settingsOf('', configurationSchema.json).filter(([name, json]) => {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
      const facts = [json['x-unit'], json['minimum'], json['maximum'], json['default']];
      return row === '' || facts.some((fact) => fact !== undefined && !row.includes(numbered(fact)));
    });
    expect(missing.map(([name]) => name)).toEqual([]);
  });
});

/** Every setting with what is said of it, nested ones by their path. */
function settingsOf(prefix: string, json: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  const fields = Object.entries((json['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  return fields.flatMap(([name, each]) => [[`${prefix}${name}`, each], ...settingsOf(`${prefix}${name}.`, each)] as const);
}

/** As people write numbers. */
function numbered(fact: unknown): string {
  return typeof fact === 'number' ? fact.toLocaleString('en-US') : String(fact);
}
