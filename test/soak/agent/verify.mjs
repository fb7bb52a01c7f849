import { damageOf } from './images.mjs';
import { eventually } from './machine.mjs';

/** Everything that must hold after a restart, in the order in which it is looked at. Answers what does not. */
export async function verify({ agent, model, machine, images, root }) {
  const faults = [];
  const fault = (text) => faults.push(text);
  verifyStart(agent, fault);

  const listed = (await agent.must('ps', '-a')).containers;
  verifyContainers({ listed, model, machine, fault });
  for (const { id, code } of model.kept.filter((each) => each.code !== undefined && !each.loose)) {
    const { exitStatus } = await agent.must('wait', id);
    if (exitStatus !== code) fault(`${id} ended with ${exitStatus}, not with ${code}`);
  }
  model.settle(listed);

  const references = await verifyImages({ agent, model, images, root, fault });
  await verifyPrune({ agent, model, machine, references, fault });
  await verifyLeaks({ agent, machine, fault });
  return faults;
}

/** Within 5 s, not counting what other programs kept the processors from it. */
export function verifyStart({ startMs, starvedMs }, fault) {
  if (startMs - starvedMs <= 5_000) return;
  fault(`the start took ${Math.round(startMs)} ms, for ${Math.round(starvedMs)} ms of which there was no processor`);
}

function verifyContainers({ listed, model, machine, fault }) {
  const byId = new Map(listed.map((each) => [each.id, each]));
  for (const { id, code, killedPid, image, loose } of model.kept) {
    const found = byId.get(id);
    if (!found) fault(`${id} was acknowledged and is not known any more`);
    else if (loose || code !== undefined) continue;
    else if (killedPid !== undefined) {
      if (found.state !== 'EXITED' || found.exitStatus !== 137) fault(`${id} was killed while no agent was there, and is told as ${show(found)}`);
    } else if (found.state !== 'RUNNING' || !machine.isAlive(found.pid)) fault(`${id} ran and is now ${show(found)}`);
    else if (machine.inside(found.pid, 'etc/image') !== `${image}\n`) fault(`${id} does not see its root filesystem any more`);
  }
  for (const { id, gone } of model.containers.values()) {
    if (gone && byId.has(id)) fault(`${id} was removed and is back as ${byId.get(id).state}`);
  }
  for (const { id, state, message } of listed) {
    if (!model.containers.has(id)) fault(`${id} is listed and nobody asked for it`);
    if (state !== 'RUNNING' && state !== 'EXITED') fault(`${id} is left ${state}: ${message}`);
  }
}

async function verifyImages({ agent, model, images, root, fault }) {
  const references = new Set((await agent.must('images')).images.map(({ reference }) => reference));
  for (const image of images.filter(({ reference }) => references.has(reference))) {
    const damage = damageOf(root, image);
    if (damage) fault(`the listed image ${image.reference} is not whole: ${damage}`);
  }
  for (const reference of [...model.promisedImages, ...model.pinned]) {
    if (!references.has(reference)) fault(`${reference} was pulled or pinned and is not known any more`);
  }
  return references;
}

/** One prune: nothing half-way is left, and what runs or is pinned keeps its image. */
async function verifyPrune({ agent, model, machine, references, fault }) {
  model.pruneBegins();
  await agent.must('prune', '--wait');
  model.pruneEnds();
  for (const folder of ['staging', 'gc']) {
    const left = machine.names(`store/docker/${folder}`);
    if (left.length > 0) fault(`a prune left ${left.join(', ')} in ${folder}/`);
  }
  const lost = machine.names('store/docker/quarantine');
  if (lost.length > 0) fault(`in quarantine: ${lost.join(', ')}`);
  const after = new Set((await agent.must('images')).images.map(({ reference }) => reference));
  const running = (await agent.must('ps')).containers;
  for (const { id, image, pid } of running) {
    if (references.has(image) && !after.has(image)) fault(`the prune removed ${image}, which ${id} runs on`);
    if (machine.inside(pid, 'etc/image') === undefined) fault(`the prune took the root filesystem of ${id} away`);
  }
  for (const reference of model.pinned) if (!after.has(reference)) fault(`the prune removed ${reference}, which is pinned`);
}

/** Mounts, control groups, processes and open files: those of running containers, and nothing else. */
async function verifyLeaks({ agent, machine, fault }) {
  const wrong = await eventually(async () => {
    const listed = (await agent.must('ps', '-a')).containers;
    const running = listed.filter(({ state }) => state === 'RUNNING').map(({ id }) => id).toSorted();
    const known = new Set(running);
    const stray = (list) => list.filter((id) => !known.has(id));
    const mounts = machine.mounted();
    if (stray(mounts).length > 0) return `mounts of ${stray(mounts).join(', ')}`;
    if (mounts.length < running.length) return `only ${mounts.length} of ${running.length} running containers have a mount`;
    if (stray(machine.groups()).length > 0) return `control groups of ${stray(machine.groups()).join(', ')}`;
    const helpers = machine.helpers(agent.pid).filter(({ id }) => !known.has(id));
    if (helpers.length > 0) return `processes: ${helpers.map(({ pid, text }) => `${pid} ${text}`).join('; ')}`;
    const folders = machine.names('provisioner/containers').filter((id) => !known.has(id));
    if (folders.length > 0) return `root filesystems of ${folders.join(', ')}`;
    const all = new Set(listed.map(({ id }) => id));
    const records = [...machine.names('runtime/containers'), ...machine.names('sandboxes')].filter((id) => !all.has(id));
    if (records.length > 0) return `records or sandboxes of ${records.join(', ')}`;
    const open = machine.descriptors(agent.pid);
    const strayFiles = open.filter((name) => name.includes('(deleted)') || /\/(layers|staging|gc|sandboxes|containers)(\/|$)/.test(name));
    if (strayFiles.length > 0) return `open files ${strayFiles.join(', ')}`;
    const sockets = open.filter((name) => name.startsWith('socket:')).length;
    if (sockets > 12) return `${sockets} open sockets`;
    if (open.length > 120) return `${open.length} open files: ${open.join(', ')}`;
    return undefined;
  });
  if (wrong) fault(`left behind: ${wrong}`);
}

function show({ state, exitStatus, message }) {
  return [state, exitStatus, message].filter((part) => part !== undefined).join(' ');
}
