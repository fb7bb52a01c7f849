/**
 * Makes `dist/bundle`: the command in few files, because most commands are short and most of their time would go into
 * finding and compiling some five hundred modules. Beside it lies what it finds by its own place: the entries of its
 * threads and containers, and the inspector's page.
 */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { osJobs } from '@keelson/os';
import { provisionerJobs } from '@keelson/provisioner';
import { storeJobs } from '@keelson/store';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, 'dist/bundle');
const distOf = (name) => dirname(fileURLToPath(import.meta.resolve(name)));

/** Modules that are loaded by their path below the `dist` of their package, and have the same place here. */
const placed = [
  ['@keelson/os', new URL('pool-worker.js', import.meta.resolve('@keelson/os'))],
  ['@keelson/containerizer', new URL('linux-init.js', import.meta.resolve('@keelson/containerizer'))],
  ...Object.values(osJobs).map((url) => ['@keelson/os', url]),
  ...Object.values(provisionerJobs).map((url) => ['@keelson/provisioner', url]),
  ...Object.values(storeJobs).map((url) => ['@keelson/store', url]),
].map(([name, url]) => ({ path: fileURLToPath(url), place: relative(distOf(name), fileURLToPath(url)) }));
const entryPoints = [
  { in: join(here, 'dist/main.js'), out: 'main' },
  ...placed.map(({ path, place }) => ({ in: path, out: place.replace(/\.js$/, '') })),
];

rmSync(target, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints,
  outdir: target,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  // For the CommonJS among them, which asks for modules of Node.
  banner: { js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);" },
});
cpSync(join(distOf('@keelson/inspector'), 'page'), join(here, 'dist/page'), { recursive: true });
writeFileSync(join(target, 'third-party-licences.txt'), licencesOf(Object.keys(metafile.inputs)));

/** What the authors of the packages in the bundle want to be shipped with it. */
function licencesOf(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input.split(sep).join('/')) ?? [];
    if (folder) folders.add(join(here, folder));
  }
  const notices = [...folders].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.txt', 'LICENSE.md', 'license'].find((each) => existsSync(join(folder, each)));
    return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`;
  });
  return notices.join(`\n${'-'.repeat(80)}\n\n`);
}
