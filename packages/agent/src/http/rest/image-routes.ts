import { parsePlatform } from '@keelson/image';
import { platformText } from '../../agent-fields.js';
import { optional, shape } from '../../schema/composed-schema.js';
import { flag, text } from '../../schema/schema.js';
import { answerFor } from '../../client/answer-for.js';
import type { Route } from '../route.js';
import { route, sendJson } from '../route.js';
import { loginOf, registryCredentials } from './registry-credentials.js';
import type { RestContext } from './rest-context.js';
import { imagesDocument, pulledDocument, whyDocument } from './rest-documents.js';

const reference = text({ description: 'As users write references.', maxLength: 4096 });

/** `/v1/images`, and why something is kept. */
export function imageRoutes({ agent, view }: RestContext): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/images',
      summary: 'Every image, or those with a reference.',
      query: shape({ reference: optional(reference) }),
      answers: { 200: { description: 'The images.', schema: imagesDocument } },
      async handle({ response, query }) {
        const images = await view.images();
        const wanted = query.reference;
        sendJson(response, { images: images.filter((each) => wanted === undefined || each.reference === wanted) });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/images',
      summary: 'Pulls an image; answers when it is here. A client that goes away gives its pull up.',
      body: shape({
        reference,
        force: optional(flag({ description: 'Asks the source again, even for an image that is here.' })),
        platform: optional(platformText('Instead of that of the machine.')),
        credentials: optional(registryCredentials),
      }),
      answers: { 200: { description: 'What was pulled.', schema: pulledDocument } },
      async handle({ response, body, gone, audit }) {
        const { reference: name, force = false, platform, credentials } = body;
        const wanted = platform === undefined ? {} : { platform: parsePlatform(platform) };
        const options = { force, ...wanted, ...loginOf(credentials) };
        await audit('POST /v1/images', name);
        sendJson(response, await answerFor(gone, agent.pull(name, options)));
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/images',
      summary: 'Pins an image, which protects it from every prune, or unpins it.',
      query: shape({ reference }),
      body: shape({ pinned: flag({ description: 'Whether it is protected.' }) }),
      answers: { 200: { description: 'The image as it is listed then.', schema: imagesDocument } },
      async handle({ response, query, body, audit }) {
        const names = [query.reference];
        await audit(body.pinned ? 'pin' : 'unpin', query.reference);
        sendJson(response, { images: await (body.pinned ? agent.pin(names) : agent.unpin(names)) });
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/images',
      summary: 'Forgets a name; what it meant goes with the next prune.',
      query: shape({ reference }),
      answers: { 200: { description: 'What was forgotten.', schema: imagesDocument } },
      async handle({ response, query, audit }) {
        await audit('DELETE /v1/images', query.reference);
        sendJson(response, { images: await agent.untag([query.reference]) });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/why',
      summary: 'The chains that keep an image or a layer alive.',
      query: shape({ object: text({ description: 'A reference, a layer id, or the beginning of one.' }) }),
      answers: { 200: { description: 'The chains.', schema: whyDocument } },
      async handle({ response, query }) {
        sendJson(response, await view.why(query.object));
      },
    }),
    route({
      method: 'GET',
      path: '/v1/usage',
      summary: "Where the store's bytes are.",
      answers: { 200: { description: 'As `keelson df --json`.', schema: { type: 'object' } } },
      async handle({ response }) {
        sendJson(response, await view.usage());
      },
    }),
  ];
}
