import type { Agent } from '../agent.js';
import type { EffectiveSetting } from '../configuration/configuration.js';
import type { LogLevelSwitch } from '../log-level-switch.js';
import { readOnlyView } from '../read-only-view.js';
import type { Access } from '../security/access.js';
import type { CommandCall } from './command-endpoint.js';
import { CommandEndpoint } from './command-endpoint.js';
import { helpRoutes } from './openapi.js';
import { OpenStreams } from './open-streams.js';
import { operatorRoute } from './operator/operator-api.js';
import { containerRoutes } from './rest/container-routes.js';
import { eventRoutes } from './rest/event-routes.js';
import { imageRoutes } from './rest/image-routes.js';
import { inspectorRoutes } from './rest/inspector-routes.js';
import { pruneRoutes } from './rest/prune-routes.js';
import type { RestContext } from './rest/rest-context.js';
import { statusRoutes } from './rest/status-routes.js';
import type { Route } from './route.js';

export interface AgentRoutesOptions {
  readonly agent: Agent;
  /** Resolved. */
  readonly root: string;
  readonly version: string;
  readonly settings: readonly EffectiveSetting[];
  readonly logLevel: LogLevelSwitch;
  readonly access: Access;
  readonly streams: RestContext['streams'] & { readonly maxStreams: number };
  readonly run?: (call: CommandCall, host: { readonly agent: Agent; readonly root: string }) => Promise<number>;
  /** Routes of others. */
  readonly more?: readonly Route[];
}

/** Everything an agent serves over HTTP. */
export function agentRoutes(options: AgentRoutesOptions): readonly Route[] {
  const { agent, root, version, access, run, more = [] } = options;
  const view = readOnlyView(root);
  const metrics = (timeoutMs: number) => agent.metrics(timeoutMs);
  const authorize = access.authorize;
  const { settings, logLevel, streams } = options;
  const openStreams = new OpenStreams(streams.maxStreams);
  const rest: RestContext = { agent, root, version, metrics, authorize, view, streams, openStreams };
  const routes: Route[] = [
    ...statusRoutes(rest),
    ...helpRoutes(() => routes, version),
    operatorRoute({ agent, version, metrics, authorize, settings, logLevel, root, openStreams }),
    ...imageRoutes(rest),
    ...containerRoutes(rest),
    ...pruneRoutes(rest),
    ...eventRoutes(rest),
    ...inspectorRoutes(rest),
    ...more,
  ];
  if (run) {
    // A command waits for the end of recovery, since who gave it has nothing better to do.
    const once = (call: CommandCall): Promise<number> =>
      Promise.resolve(agent.start()).then(() => run(call, { agent, root }));
    routes.push(new CommandEndpoint(once, authorize).route);
  }
  return routes;
}
