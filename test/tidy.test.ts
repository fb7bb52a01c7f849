import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Guards what no type checker sees: who may import whom, how long a file may be, and words we do not use. */
const root = fileURLToPath(new URL('..', import.meta.url));

/** What each package may import of the others; `os/ports` is the interface part of `os`. */
const below: Readonly<Record<string, readonly string[]>> = {
  process: [],
  image: [],
  os: ['process'],
  store: ['process', 'os/ports', 'image'],
  provisioner: ['process', 'os/ports', 'image', 'store'],
  containerizer: ['process', 'os/ports', 'image', 'store', 'provisioner'],
  inspector: ['process'],
  agent: ['process', 'os', 'os/ports', 'image', 'store', 'provisioner', 'containerizer', 'inspector'],
  cli: ['process', 'os/ports', 'image', 'store', 'provisioner', 'containerizer'].concat(
    ['agent', 'agent/client', 'agent/configuration', 'agent/server'],
  ),
  simulation: ['process', 'os', 'os/ports', 'image', 'store', 'provisioner', 'containerizer', 'agent', 'inspector'],
};

/** Code that runs in the pool or as a process of its own talks to the machine directly. */
const onTheMachine = /\/src\/(workers\/|linux-init)/;

const libraries: Readonly<Record<string, readonly string[]>> = {
  process: ['rxjs', 'xstate'],
  image: [],
};

describe('tidy', () => {
  const sources = Object.keys(below).flatMap((name) => filesBelow(join(root, 'packages', name, 'src'), '.ts'));

  it.each(sources.map((path) => [relative(root, path), path]))('%s keeps the direction of packages', (name, path) => {
    const owner = name.split('/')[1] as string;
    const allowed = [...(below[owner] ?? []), ...(onTheMachine.test(name) ? ['os', 'os/system-calls', 'store/workers'] : [])];
    const wrong = importsOf(path)
      .filter((specifier) => specifier.startsWith('@keelson/') || specifier === 'keelson')
      .map((specifier) => specifier.replace('@keelson/', ''))
      .filter((specifier) => specifier !== owner && !allowed.includes(specifier));
    expect(wrong).toEqual([]);
  });

  it.each(['process', 'image'])('%s depends on nothing it should not', (owner) => {
    const paths = filesBelow(join(root, 'packages', owner, 'src'), '.ts');
    const outside = paths.flatMap((path) => importsOf(path)).filter((specifier) => !specifier.startsWith('.'));
    const packages = new Set(outside.map((specifier) => specifier.split('/')[0] as string));
    if (owner === 'image') packages.delete('node:crypto');
    expect([...packages].filter((name) => !(libraries[owner] ?? []).includes(name))).toEqual([]);
  });

  it('keeps every source file within 350 lines', () => {
    const long = sources.map((path) => [relative(root, path), linesOf(path).length] as const);
    expect(long.filter(([, length]) => length > 350)).toEqual([]);
  });

  it('keeps lines within 120 columns', () => {
    const wide = sources.filter((path) => linesOf(path).some((line) => line.length > 120));
    expect(wide.map((path) => relative(root, path))).toEqual([]);
  });

  it('names files for what they hold', () => {
    const vague = /(^|[-/])(utils?|helpers?|common|misc|stuff)([-./]|$)/;
    expect(sources.map((path) => relative(root, path)).filter((name) => vague.test(name))).toEqual([]);
  });

  it('keeps names in kebab-case', () => {
    const odd = sources.map((path) => relative(root, path)).filter((name) => !/^[a-z0-9/.-]+$/.test(name));
    expect(odd).toEqual([]);
  });

  it('leaves no unfinished marks or banned words in the sources', () => {
    const banned = /\b(TODO|FIXME|XXX|HACK)\b|@ts-ignore|@ts-nocheck|eslint-disable(?!-next-line)/;
    const found = sources.flatMap((path) =>
      linesOf(path).flatMap((line, index) => (banned.test(line) ? [`${relative(root, path)}:${index + 1}`] : [])),
    );
    expect(found).toEqual([]);
  });

  it('gives every error code a row in docs/errors.md', () => {
    const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
    const codes = new Set(sources.flatMap((path) => errorCodesOf(readFileSync(path, 'utf8'))));
    expect([...codes].filter((code) => !page.includes(`\`${code}\``)).toSorted()).toEqual([]);
  });

  it('records no download addresses in the lock file', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved": "http');
  });

  it('locks every platform build of the task runner', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: object };
    const wanted = ['darwin-64', 'darwin-arm64', 'linux-64', 'linux-arm64', 'windows-64', 'windows-arm64'];
    const missing = wanted.filter((platform) => !(`node_modules/@turbo/${platform}` in lock.packages));
    expect(missing).toEqual([]);
  });
});

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path, ending);
    return name.endsWith(ending) ? [path] : [];
  });
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n');
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'/g)]
    .concat([...text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)])
    .map((match) => match[1] as string);
}

/** The members of every `export type …ErrorCode = 'A' | 'B'` union. */
function errorCodesOf(text: string): string[] {
  return [...text.matchAll(/export type \w*ErrorCode\s*=([^;]*);/g)].flatMap((match) =>
    [...(match[1] as string).matchAll(/'([A-Z0-9_]+)'/g)].map((code) => code[1] as string),
  );
}
