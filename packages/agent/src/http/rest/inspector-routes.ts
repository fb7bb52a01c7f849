import type { Route } from '../route.js';
import { route, sendText } from '../route.js';
import type { RestContext } from './rest-context.js';

/** The way to the inspector page, which has a loopback address and a token of its own. */
export function inspectorRoutes({ agent }: Pick<RestContext, 'agent'>): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/inspector/',
      summary: 'Leads to the page that shows what the agent is doing. It is served on the loopback interface alone.',
      always: true,
      answers: { 303: { description: 'The address of the page, its token in the fragment.', type: 'text/plain' } },
      handle: async ({ response }) => {
        const address = await agent.inspect();
        response.setHeader('location', address);
        sendText(response, `${address}\n`, 303);
      },
    }),
  ];
}
