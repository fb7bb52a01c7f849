import { Life } from './instrument.mjs';
import { createRequire } from 'node:module';
import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * One life that ends with a power cut. Arguments: the root, the name of a scenario, and the change at which the file
 * system of the root goes away, with everything that was not written out.
 *
 * Prints `cut` or `done` and ends without saying goodbye.
 */
const [root, name, at, named] = process.argv.slice(2);
const { WalkedAgent } = await import('./agent.mjs');
const { scenarios } = await import('./scenarios.mjs');
const koffi = createRequire(new URL('../../packages/os/package.json', import.meta.url))('koffi');
const ioctl = koffi.load(null).func('ioctl', 'int', ['int', 'ulong', 'void *']);
/** _IOR('X', 125, __u32): XFS_IOC_GOINGDOWN, which ext4 took over as EXT4_IOC_SHUTDOWN. */
const GOING_DOWN = 0x8004587d;
/** At once, without the journal. */
const WITHOUT_LOG = Buffer.from(Uint32Array.of(2).buffer);

const images = JSON.parse(named);
const scenario = scenarios({ ...images, reference: (image) => images.references[image], move: () => {} }).find((each) => each.name === name);
const life = new Life({ roots: [root] });
const agent = new WalkedAgent(root, life);
if (!scenario.unstarted) await agent.start();
const descriptor = openSync(root, 'r');
life.changes = 0;
life.at = Number(at);
life.onPoint = () => {
  if (ioctl(descriptor, GOING_DOWN, WITHOUT_LOG) !== 0) throw new Error(`no power cut: errno ${koffi.errno()}`);
  end('cut');
};
await agent.ask(scenario.walk);
// Everything is acknowledged: the power goes a moment later.
life.onPoint = undefined;
ioctl(descriptor, GOING_DOWN, WITHOUT_LOG);
end('done');

function end(word) {
  closeSync(descriptor);
  writeSync(1, word);
  process.kill(process.pid, 'SIGKILL');
}
