import { parseSignal } from '@keelson/containerizer';
import { AgentError } from '../../agent-error.js';
import type { ContainerListing } from '../../container-listing.js';
import { readGrowing } from '../../growing-file.js';
import { optional, shape } from '../../schema/composed-schema.js';
import { choice, flag, text } from '../../schema/schema.js';
import { answerFor } from '../../client/answer-for.js';
import { HttpFailure } from '../http-failure.js';
import type { Route } from '../route.js';
import { route, sendJson } from '../route.js';
import { drained } from '../../client/drained.js';
import { launchBody, launchOptionsOfBody } from './launch-body.js';
import type { RestContext } from './rest-context.js';
import { containerDocument, containersDocument, endDocument } from './rest-documents.js';

/** `/v1/containers` and what is below. */
export function containerRoutes({ agent, view, openStreams }: RestContext): readonly Route[] {
  const listed = async (id: string): Promise<ContainerListing> => {
    const container = (await view.containers()).find((each) => each.id === id);
    if (container) return container;
    throw new AgentError('NO_SUCH_CONTAINER', `there is no container ${id}`);
  };
  return [
    route({
      method: 'GET',
      path: '/v1/containers',
      summary: 'Containers that run or hold a root filesystem.',
      query: shape({ all: optional(flag({ description: 'Also those that have ended.', default: false })) }),
      answers: { 200: { description: 'The containers.', schema: containersDocument } },
      async handle({ response, query: { all = false } }) {
        const known = await view.containers();
        sendJson(response, { containers: known.filter(({ state }) => all || state !== 'EXITED') });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/containers',
      summary: 'Starts a container, and pulls its image if needed; answers once it runs.',
      body: launchBody,
      answers: { 201: { description: 'The container.', schema: containerDocument } },
      async handle({ response, body, gone, audit }) {
        await audit('POST /v1/containers', body.id ?? body.image ?? body.rootfs);
        const { id } = await answerFor(gone, agent.launch(launchOptionsOfBody(body)));
        response.setHeader('location', `/v1/containers/${id}`);
        sendJson(response, await listed(id), 201);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/containers/{id}',
      summary: 'One container.',
      answers: { 200: { description: 'The container.', schema: containerDocument } },
      async handle({ response, parameters }) {
        sendJson(response, await listed(parameters['id']!));
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/containers/{id}',
      summary: 'Removes a container that has ended; with force=true ends it first.',
      query: shape({ force: optional(flag({ description: 'Ends it first.', default: false })) }),
      answers: { 204: { description: 'It is gone.' } },
      async handle({ response, parameters, query: { force = false }, audit }) {
        const id = parameters['id']!;
        await audit(force ? 'destroy' : 'rm', id);
        await (force ? agent.destroy(id) : agent.remove(id));
        response.writeHead(204).end();
      },
    }),
    route({
      method: 'POST',
      path: '/v1/containers/{id}/kill',
      summary: 'Signals the first process, with KILL unless told otherwise.',
      body: shape({
        signal: optional(text({ description: 'TERM, SIGTERM or 15.', maxLength: 20, default: 'SIGKILL' })),
      }),
      answers: { 204: { description: 'It was signalled.' } },
      async handle({ response, parameters, body: { signal = 'SIGKILL' }, audit }) {
        const id = parameters['id']!;
        const name = parseSignal(signal);
        if (name === undefined) throw new HttpFailure(400, `There is no signal ${JSON.stringify(signal)}`);
        const { state } = await listed(id);
        await audit('kill', id);
        if (!(await agent.kill(id, name))) {
          throw new AgentError('CONTAINER_NOT_RUNNING', `cannot signal container ${id}: it is ${state}`);
        }
        response.writeHead(204).end();
      },
    }),
    route({
      method: 'GET',
      path: '/v1/containers/{id}/wait',
      summary: 'Answers how the container ended, once it has.',
      answers: { 200: { description: 'Its end.', schema: endDocument } },
      async handle({ response, parameters, gone, watch }) {
        const { id, state } = await listed(parameters['id']!);
        if (state === 'PROVISIONED') {
          throw new AgentError('CONTAINER_NOT_RUNNING', `cannot wait for container ${id}: nothing runs in it`);
        }
        watch();
        const { exitStatus = null, signal = null } = await answerFor(gone, agent.wait(id));
        sendJson(response, { containerId: id, exitStatus, signal });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/containers/{id}/logs',
      summary: 'What the container wrote to one stream, as bytes.',
      query: shape({
        stream: optional(choice(['stdout', 'stderr'], { description: 'Which stream.', default: 'stdout' })),
        follow: optional(flag({ description: 'Goes on until it has ended.', default: false })),
      }),
      answers: { 200: { description: 'The bytes.', type: 'application/octet-stream' } },
      async handle({ response, parameters, query: { stream = 'stdout', follow = false }, gone, watch }) {
        const { id, state } = await listed(parameters['id']!);
        const logs = await view.logs(id);
        if (follow) {
          openStreams.enter(response);
          watch();
        }
        const until = follow && state !== 'PROVISIONED' ? agent.wait(id) : undefined;
        response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
        for await (const chunk of readGrowing(logs[stream], gone, until)) {
          response.write(chunk);
          await drained(response);
        }
        until?.discard();
        response.end();
      },
    }),
  ];
}
