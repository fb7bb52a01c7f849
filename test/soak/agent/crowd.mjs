import { AgentProcess } from './agent-process.mjs';
import { eventually } from './machine.mjs';
import { verifyStart } from './verify.mjs';

/** Many containers live at once, outlive their agent, and are all taken down by the next. */
export async function crowd({ agent, machine, images, launchers, root, log, count, fault }) {
  const ids = Array.from({ length: count }, (_, index) => `crowd-${index}`);
  const waiting = [...ids];
  const launch = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const { reference } = images[ids.indexOf(id) % images.length];
      const launcher = launchers[ids.indexOf(id) % launchers.length];
      await agent.must('run', '-d', '--name', id, '--launcher', launcher, reference, '--', 'sleep', '100000');
    }
  };
  await Promise.all(Array.from({ length: 6 }, launch));
  const alive = (listed) => listed.filter(({ id, state, pid }) => id.startsWith('crowd-') && state === 'RUNNING' && machine.isAlive(pid));
  const before = alive((await agent.must('ps')).containers);
  if (before.length !== count) fault(`only ${before.length} of ${count} containers run at once`);

  await agent.end('SIGKILL');
  const next = await AgentProcess.start(root, log);
  verifyStart(next, fault);
  const after = alive((await next.must('ps')).containers);
  if (after.length !== count) fault(`only ${after.length} of ${count} containers run after a kill of the agent`);
  const same = new Map(before.map(({ id, pid }) => [id, pid]));
  for (const { id, pid } of after) if (same.get(id) !== pid) fault(`${id} has another process now`);

  await Promise.all(ids.map((id) => next.must('destroy', id)));
  const left = await eventually(() => machine.helpers(next.pid).find(({ id }) => id?.startsWith('crowd-'))?.text);
  if (left) fault(`left of the crowd: ${left}`);
  return { agent: next, running: after.length };
}
