import './instrument.mjs';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serveFaultImages } from './images.mjs';
import { scenarios } from './scenarios.mjs';
import { Walk } from './walk.mjs';

/**
 * The crash-point walker: kills an agent at every change it makes to the disk, and fails each such change, and looks
 * what the next start makes of it.
 *
 *   node test/faults/run.mjs [--every N] [--from I] [--only WORDS] [--errno EIO,ENOSPC]
 *
 * `--every N` takes each N-th point. Exits 1 if any invariant is broken.
 */
const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    errno: { type: 'string', default: 'EIO,ENOSPC,EMFILE,EACCES' },
  },
});
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-faults-'));
const layout = join(folder, 'layout');
mkdirSync(layout);
const images = await serveFaultImages(layout);
const modes = [undefined, ...values.errno.split(',').filter(Boolean)];
let points = 0;
const broken = [];
for (const scenario of scenarios(images).filter(({ name }) => name.includes(values.only))) {
  const walk = new Walk(folder, scenario, images);
  await walk.prepare();
  let taken = 0;
  // Chance decides how a stream is cut into pieces, so a walk may be some changes longer than another.
  for (let at = Number(values.from); at <= walk.length + 3; at += Number(values.every)) {
    for (const errno of modes) {
      try {
        const { reached } = await walk.point(at, errno);
        if (reached) taken += 1;
      } catch (error) {
        broken.push(`${scenario.name}, change ${at} (${walk.last ?? ''}), ${errno ?? 'killed'}: ${String(error.stack).slice(0, 600)}`);
        console.log(`BROKEN ${broken.at(-1)}`);
      }
    }
  }
  scenario.after?.();
  points += taken;
  console.log(`${scenario.name}: ${walk.length} changes, ${taken} points`);
}
await images.close();
rmSync(folder, { recursive: true, force: true });
console.log(`${points} points, ${broken.length} broken`);
process.exit(broken.length === 0 ? 0 : 1);
