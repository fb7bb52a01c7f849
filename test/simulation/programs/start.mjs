#!/usr/bin/env node
/** `node start.mjs PROGRAM ARGUMENT…`: compiles the simulation, then runs one of its programs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const output = join(root, 'node_modules', '.cache', 'keelson-simulation');
mkdirSync(output, { recursive: true });
writeFileSync(join(output, 'package.json'), '{"type":"module"}\n');
const options = ['--noEmit', 'false', '--outDir', output, '--sourceMap', 'false'];
execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', join(root, 'test', 'simulation'), ...options], { stdio: 'inherit' });

const [program = 'soak', ...rest] = process.argv.slice(2);
const { status } = spawnSync(process.execPath, [join(output, 'programs', `${program}.js`), ...rest], { stdio: 'inherit', cwd: root });
process.exitCode = status ?? 1;
