/** Codes that a client may meet because others are at work at the same time; anything else is a fault of the agent. */
const lawful = new Set([
  'NO_SUCH_CONTAINER',
  'CONTAINER_RUNNING',
  'CONTAINER_NOT_RUNNING',
  'CONTAINER_DESTROYED',
  'CONTAINER_EXISTS',
  'NO_SUCH_OBJECT',
  // Of a pin: a prune took the image meanwhile.
  'IMAGE_NOT_FOUND',
  'AGENT_CLOSED',
]);

const kinds = { run: 6, pull: 4, destroy: 3, kill: 1, rm: 2, prune: 2, list: 2, plan: 1, foreground: 2, pin: 1 };

/** One client: asks one thing after the other until the agent is gone. Answers what went wrong. */
export async function client({ agent, model, images, launchers, random, crowd, name, onAnswer }) {
  const faults = [];
  for (let step = 0; ; step += 1) {
    const kind = model.addressable.length > crowd ? 'destroy' : random.weighted(kinds);
    const answer = await ask[kind]({ agent, model, images, launchers, random, id: `${name}-${step}` });
    onAnswer();
    if (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    else if (answer.lost) return faults;
    else if (answer.exit !== 0 && !lawful.has(codeOf(answer))) faults.push(`${kind}: ${answer.exit} ${answer.stderr}`);
  }
}

const ask = {
  async run({ agent, model, images, launchers, random, id }) {
    const image = random.of(images);
    const launcher = random.of(launchers);
    const code = random.chance(0.6) ? undefined : random.below(100);
    const script = code === undefined ? 'echo up; exec sleep 100000' : `echo up; sleep 0.${random.below(8)}; exit ${code}`;
    const limits = random.chance(0.3) ? ['--memory', '256m', '--cpus', '1.5', '--pids-limit', '200'] : [];
    model.launching(id, { image: image.name, launcher, code });
    const answer = await agent.call('run', '-d', '--name', id, '--launcher', launcher, ...limits, image.reference, '--', 'sh', '-c', script);
    if (answer.exit === 0) model.launched(id);
    return answer;
  },

  async foreground({ agent, model, images, launchers, random, id }) {
    const image = random.of(images);
    const code = random.below(100);
    model.launching(id, { image: image.name, code });
    model.doom(id);
    const words = ['--rm', '--name', id, '--launcher', random.of(launchers), image.reference, '--', 'sh', '-c', `cat /etc/image; exit ${code}`];
    const answer = await agent.call('run', ...words);
    if (answer.lost) return answer;
    // Its exit status is the container's: whatever else came out is a failure.
    const right = answer.exit === code || lawful.has(codeOf(answer));
    if (right) model.removed(id);
    return right ? { exit: 0 } : { ...answer, stderr: `expected exit ${code}: ${answer.stderr}` };
  },

  async pull({ agent, model, images, random }) {
    const { reference } = random.of(images);
    const mark = model.mark();
    const answer = await agent.call('pull', ...(random.chance(0.2) ? ['--force'] : []), reference);
    if (answer.exit === 0) model.pulled(reference, mark);
    return answer;
  },

  async destroy(client) {
    return removing(client, 'destroy');
  },

  async rm(client) {
    return removing(client, 'rm');
  },

  async kill({ agent, model, random }) {
    const target = random.of(model.addressable);
    if (!target) return undefined;
    model.doom(target.id);
    return agent.call('kill', '-s', random.of(['TERM', 'KILL']), target.id);
  },

  async prune({ agent, model, images, random }) {
    const exclude = images.filter(() => random.chance(0.4)).flatMap(({ reference }) => ['--exclude', reference]);
    model.pruneBegins();
    const answer = await agent.call('prune', ...exclude, ...(random.chance(0.3) ? ['--wait'] : []));
    if (!answer.lost) model.pruneEnds();
    return answer;
  },

  async pin({ agent, model, images, random }) {
    const { reference } = random.of(images);
    const unpin = random.chance(0.5);
    const mark = unpin ? model.unpinBegins(reference) : model.pinMark(reference);
    const answer = await agent.call(unpin ? 'unpin' : 'pin', reference);
    if (answer.exit === 0 && !unpin) model.pinnedSince(reference, mark);
    if (!answer.lost && unpin) model.unpinEnds(reference);
    return answer;
  },

  list: ({ agent, random }) => agent.call(...random.of([['images'], ['ps', '-a'], ['df']])),
  plan: ({ agent }) => agent.call('plan'),
};

async function removing({ agent, model, random }, command) {
  const target = random.of(model.addressable);
  if (!target) return undefined;
  // `rm` ends nothing: what runs is refused, and stays promised.
  if (command === 'destroy' || target.code !== undefined || target.killedPid !== undefined) model.doom(target.id);
  const answer = await agent.call(command, target.id);
  if (answer.exit === 0) model.removed(target.id);
  return answer;
}

export function codeOf({ document, stderr }) {
  return document?.error?.code ?? /keelson: ([A-Z_]+):/.exec(stderr ?? '')?.[1];
}
