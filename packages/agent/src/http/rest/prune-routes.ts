import { list, optional, shape } from '../../schema/composed-schema.js';
import { flag, text } from '../../schema/schema.js';
import type { Route } from '../route.js';
import { route, sendJson } from '../route.js';
import { PruneJobs } from './prune-jobs.js';
import type { RestContext } from './rest-context.js';
import { planDocument, pruneJobDocument } from './rest-documents.js';

const exclude = optional(
  list(text({ description: 'As users write references.' }), { description: 'Images to keep.', maxItems: 10_000 }),
);

/** `/v1/plan` and `/v1/prune`. */
export function pruneRoutes({ agent, authorize }: RestContext): readonly Route[] {
  const jobs = new PruneJobs(agent);
  return [
    route({
      method: 'GET',
      path: '/v1/plan',
      summary: 'What a prune would remove and keep, each with its reason. Changes nothing.',
      query: shape({ exclude }),
      answers: { 200: { description: 'The plan.', schema: planDocument } },
      async handle({ response, query }) {
        sendJson(response, await agent.plan({ exclude: query.exclude ?? [] }));
      },
    }),
    route({
      method: 'POST',
      path: '/v1/prune',
      summary: 'Begins a prune, or joins the same one under way; its job tells how it goes.',
      body: shape({
        exclude,
        apply: optional(text({ description: 'The hash of a plan: exactly that is done, or nothing.' })),
        wait: optional(flag({ description: 'The job is done after the sweep, not after marking.', default: false })),
      }),
      answers: { 202: { description: 'The job.', schema: pruneJobDocument } },
      async handle({ response, body, principal, audit }) {
        await audit('POST /v1/prune', `all but ${body.exclude?.length ?? 0} excluded`);
        authorize('PRUNE_IMAGES', principal.name);
        const job = jobs.start(body);
        response.setHeader('location', `/v1/prune/${job.id}`);
        sendJson(response, job, 202);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/prune',
      summary: 'The last jobs, newest first.',
      answers: {
        200: {
          description: 'The jobs.',
          schema: { type: 'object', properties: { jobs: { type: 'array', items: pruneJobDocument } } },
        },
      },
      handle: ({ response }) => sendJson(response, { jobs: jobs.all() }),
    }),
    route({
      method: 'GET',
      path: '/v1/prune/{job}',
      summary: 'One job.',
      answers: { 200: { description: 'The job.', schema: pruneJobDocument } },
      handle: ({ response, parameters }) => sendJson(response, jobs.get(parameters['job']!)),
    }),
  ];
}
