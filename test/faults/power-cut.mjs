import './instrument.mjs';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Disk, run } from './disk.mjs';
import { serveFaultImages } from './images.mjs';
import { scenarios } from './scenarios.mjs';
import { Walk } from './walk.mjs';

/**
 * Power cuts: walks the same scenarios on a file system of their own, on a loop device, which is shut down without its
 * journal at some change; what the next mount finds is what the disk had. Needs root.
 *
 *   node test/faults/power-cut.mjs [--points 100] [--systems ext4,xfs] [--only WORDS]
 */
const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '100' },
    systems: { type: 'string', default: 'ext4,xfs' },
    only: { type: 'string', default: '' },
  },
});
/** The copy of an xfs has the identity of the first. */
const options = { ext4: [], xfs: ['nouuid'] };
const makers = { ext4: ['mkfs.ext4', '-q', '-F'], xfs: ['mkfs.xfs', '-q', '-f'] };
const child = fileURLToPath(new URL('power-child.mjs', import.meta.url));
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-power-'));
const layout = join(folder, 'layout');
mkdirSync(layout);
const images = await serveFaultImages(layout);
const fresh = join(folder, 'fresh');
let broken = 0;

for (const system of values.systems.split(',')) {
  writeFileSync(fresh, '');
  truncateSync(fresh, 320 * 2 ** 20);
  run(...makers[system], fresh);
  const chosen = scenarios(images).filter(({ name }) => name.includes(values.only));
  const each = Math.ceil(Number(values.points) / chosen.length);
  let points = 0;
  for (const scenario of chosen) {
    const walk = new Walk(folder, scenario, images);
    await walk.prepare();
    for (let point = 1; point <= each; point += 1) {
      const at = Math.max(1, Math.round((walk.length * point) / each));
      try {
        await cut(walk, scenario, at, options[system]);
        points += 1;
      } catch (error) {
        broken += 1;
        console.log(`BROKEN ${system}, ${scenario.name}, change ${at}: ${String(error.stack).slice(0, 800)}`);
      }
    }
    scenario.after?.();
  }
  console.log(`${system}: ${points} power cuts`);
}
await images.close();
rmSync(folder, { recursive: true, force: true });
console.log(`${broken} broken`);
process.exit(broken === 0 ? 0 : 1);

/**
 * What the disk had received when the power went is copied, and the copy mounted: the first file system may live on in
 * the mount namespace of somebody else, who began one meanwhile.
 */
async function cut(walk, scenario, at, options) {
  const before = new Disk(folder, fresh, options);
  const after = [];
  try {
    const root = join(before.mounted, 'root');
    run('cp', '-a', walk.prepared, root);
    run('sync', '-f', before.mounted);
    const references = Object.fromEntries(['left', 'right', 'moved'].map((name) => [name, images.reference(name)]));
    const named = JSON.stringify({ references, source: images.source });
    const ended = await spawned(process.execPath, [child, root, scenario.name, String(at), named]);
    if (ended.stdout !== 'cut' && ended.stdout !== 'done') throw new Error(`the child says ${ended.stdout}: ${ended.stderr}`);
    after.push(new Disk(folder, before.file, options));
    await walk.verify(join(after[0].mounted, 'root'), { done: ended.stdout === 'done' });
  } finally {
    for (const disk of [before, ...after]) disk.remove();
  }
}

function spawned(program, words) {
  return new Promise((resolve) => {
    const running = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) running[name].setEncoding('utf8').on('data', (text) => (said[name] += text));
    running.once('close', () => resolve(said));
  });
}
