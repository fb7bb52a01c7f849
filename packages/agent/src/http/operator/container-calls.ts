import type { ContainerInfo } from '@keelson/containerizer';
import { signalName } from '@keelson/containerizer';
import type { Agent } from '../../agent.js';
import { optional, shape } from '../../schema/composed-schema.js';
import { flag } from '../../schema/schema.js';
import { answerFor } from '../../client/answer-for.js';
import { HttpFailure } from '../http-failure.js';
import { attachOutput } from './attach-output.js';
import { launchMessage, launchOptionsFrom, wantsFreshImage } from './launch-message.js';
import { containerId, mesosContainerId, signal } from './mesos-schemas.js';
import type { OperatorCall } from './operator-call.js';
import { operatorCall } from './operator-call.js';

const named = shape({ container_id: containerId }, { open: true });
const killed = shape({ container_id: containerId, signal: optional(signal) }, { open: true });
const shownContainers = shape(
  {
    show_nested: optional(flag({ description: 'Nested ones, too.', default: true })),
    show_standalone: optional(flag({ description: 'All containers here are standalone.', default: true })),
  },
  { open: true },
);

/** Calls about containers. Those about nested ones are older names of the same (Mesos keeps them, too). */
export const containerCalls: readonly OperatorCall[] = [
  operatorCall({
    type: 'GET_CONTAINERS',
    summary: 'The containers that have not ended.',
    message: shownContainers,
    answer: async ({ agent }, { show_nested: nested = true, show_standalone: standalone = true }) => {
      const living = (await agent.containers()).filter(({ state }) => state !== 'EXITED');
      const wanted = living.filter(({ id }) => (id.includes('.') ? nested : standalone));
      return { containers: wanted.map(containerOf) };
    },
  }),
  ...['LAUNCH_CONTAINER', 'LAUNCH_NESTED_CONTAINER'].map((type) =>
    operatorCall({
      type,
      summary: 'Starts a container, and pulls its image if needed; 202 if there is one of that name.',
      message: launchMessage,
      required: true,
      subject: ({ container_id: id }) => id,
      answer: async ({ agent }, message, { gone }) => {
        const options = launchOptionsFrom(message);
        await requireParent(agent, options.id);
        if (wantsFreshImage(message) && options.image !== undefined) {
          const { image, login } = options;
          await answerFor(gone, agent.pull(image, { force: true, ...(login && { login }) }));
        }
        try {
          await answerFor(gone, agent.launch(options));
        } catch (error) {
          const { code } = error as { code?: unknown };
          if (code === 'CONTAINER_EXISTS') return { status: 202 };
          if (code === 'NOT_SUPPORTED') throw new HttpFailure(400, 'The provided ContainerInfo is not supported');
          throw error;
        }
        return undefined;
      },
    }),
  ),
  ...['WAIT_CONTAINER', 'WAIT_NESTED_CONTAINER'].map((type) =>
    operatorCall({
      type,
      summary: 'Answers once the container has ended: its exit status as a shell shows it, 128 + n for signal n.',
      message: named,
      required: true,
      answer: async ({ agent }, { container_id: id }, { gone, watch }) => {
        await requireContainer(agent, id);
        watch();
        const { exitStatus, signal: by, reason, message } = await answerFor(gone, agent.wait(id));
        return {
          ...(exitStatus !== undefined && { exit_status: exitStatus }),
          ...(by !== undefined && { signal: by }),
          ...(reason !== undefined && { reason }),
          ...(message !== undefined && { message }),
        };
      },
    }),
  ),
  ...['KILL_CONTAINER', 'KILL_NESTED_CONTAINER'].map((type) =>
    operatorCall({
      type,
      summary: 'Signals the first process of a container, with KILL unless told otherwise.',
      message: killed,
      required: true,
      subject: ({ container_id: id }) => id,
      answer: async ({ agent }, { container_id: id, signal: number = 9 }) => {
        await requireContainer(agent, id);
        const name = signalName(number);
        if (name === undefined) throw new HttpFailure(400, `There is no signal ${number}`);
        await agent.kill(id, name);
        return undefined;
      },
    }),
  ),
  ...['REMOVE_CONTAINER', 'REMOVE_NESTED_CONTAINER'].map((type) =>
    operatorCall({
      type,
      summary: 'Forgets a container that has ended, with its status and output.',
      message: named,
      required: true,
      subject: ({ container_id: id }) => id,
      answer: async ({ agent }, { container_id: id }) => {
        await requireContainer(agent, id);
        await agent.remove(id);
        return undefined;
      },
    }),
  ),
  operatorCall({
    type: 'ATTACH_CONTAINER_OUTPUT',
    summary: 'Streams what the container has written and writes, as ProcessIO records in RecordIO, until it has ended.',
    message: named,
    required: true,
    answer: async (context, { container_id: id }, http) => {
      await requireContainer(context.agent, id);
      return attachOutput(context, id, http);
    },
  }),
];

function containerOf({ id, pid }: ContainerInfo): object {
  const container_id = mesosContainerId(id);
  return { container_id, container_status: { container_id, ...(pid !== undefined && { executor_pid: pid }) } };
}

/** @throws HttpFailure 404 */
async function requireContainer(agent: Agent, id: string): Promise<void> {
  if ((await agent.containers()).some((each) => each.id === id)) return;
  throw new HttpFailure(404, `Container ${id} cannot be found`);
}

async function requireParent(agent: Agent, id: string): Promise<void> {
  const dot = id.lastIndexOf('.');
  if (dot >= 0) await requireContainer(agent, id.slice(0, dot));
}
