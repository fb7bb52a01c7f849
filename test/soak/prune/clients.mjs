import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * One of many who pull, provision and destroy until the time is over. What stands is read again and again: a file that a
 * prune took from under it shows.
 */
export async function client({ agent, images, ledger, random, name, backends, until }) {
  const standing = new Map();
  let made = 0;
  while (performance.now() < until) {
    const action = random.weighted({ pull: 3, provision: 4, look: 3, destroy: 3 });
    const image = random.of(images);
    try {
      if (action === 'pull') {
        await agent.pull(image.reference);
        ledger.counts.pulls += 1;
      } else if (action === 'provision' && standing.size < 3) {
        const id = `${name}-${(made += 1)}`;
        const { rootfs } = await agent.provision({ id, image: image.reference, backend: random.of(backends) });
        standing.set(id, { rootfs, image });
        ledger.counts.provisions += 1;
        await look(id, standing.get(id), random, ledger);
      } else if (action === 'look') {
        const [id, root] = random.of([...standing]) ?? [];
        if (id) await look(id, root, random, ledger);
      } else if (action === 'destroy') {
        const [id, root] = random.of([...standing]) ?? [];
        if (!id) continue;
        await look(id, root, random, ledger);
        await agent.destroy(id);
        standing.delete(id);
        ledger.counts.destroys += 1;
      }
    } catch (error) {
      ledger.fault(`${name} ${action} ${image.name}: ${error.code ?? error.name}: ${error.message}`);
    }
    await pause(random.below(30));
  }
  for (const [id, root] of standing) {
    await look(id, root, random, ledger);
    await agent.destroy(id).then(undefined, (error) => ledger.fault(`${name} destroy ${id}: ${error.message}`));
  }
}

/** Reads some files of a root filesystem, from any of its layers. */
async function look(id, { rootfs, image }, random, ledger) {
  for (let count = 0; count < 4; count += 1) {
    const { files } = random.of(image.layers);
    const [path, wanted] = random.of(Object.entries(files));
    try {
      const found = await readFile(join(rootfs, path));
      if (!found.equals(Buffer.from(wanted))) ledger.fault(`${id}: ${path} of ${image.name} has other contents`);
    } catch (error) {
      ledger.fault(`${id}: ${path} of ${image.name} cannot be read: ${error.code}`);
    }
  }
}
