/** Makes `dist/page`: the pages of the inspector, each in as few files as it takes, none of them from elsewhere. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { readWriteLockMachine } from '@keelson/process';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'src/page');
const target = join(here, 'dist/page');
mkdirSync(target, { recursive: true });

await build({
  absWorkingDir: here,
  entryPoints: [join(source, 'page.ts'), join(source, 'stately.ts'), join(source, 'page.css')],
  outdir: target,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  // Saved traces name the lock's machine without telling its chart.
  define: { LOCK_DEFINITION: JSON.stringify(readWriteLockMachine.config) },
});
for (const name of ['index.html', 'stately.html']) copyFileSync(join(source, name), join(target, name));

// The layout library is shipped as it came, beside its licence: EPL-2.0 asks for no more.
const elk = dirname(createRequire(import.meta.url).resolve('elkjs/package.json'));
copyFileSync(join(elk, 'lib/elk-worker.min.js'), join(target, 'layout-worker.js'));
const { version, license } = JSON.parse(readFileSync(join(elk, 'package.json'), 'utf8'));
const notice = `layout-worker.js is elk-worker.min.js of elkjs ${version}, unmodified (${license}).
Its source: https://github.com/kieler/elkjs\n\n`;
writeFileSync(join(target, 'layout-licence.txt'), notice + readFileSync(join(elk, 'LICENSE.md'), 'utf8'));
