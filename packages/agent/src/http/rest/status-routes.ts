import { monitorEventLoopDelay } from 'node:perf_hooks';
import { measuredFamilies } from '../../metrics/measured-families.js';
import { prometheusType, renderPrometheus } from '../../metrics/prometheus.js';
import type { Standing } from '../../metrics/standing-families.js';
import { loopFamily, processFamilies, storeFamilies } from '../../metrics/standing-families.js';
import { oldestTrashMs } from '../../trash-age.js';
import type { Route } from '../route.js';
import { route, sendJson, sendText } from '../route.js';
import type { RestContext } from './rest-context.js';

const prefix = 'keelson_';
const metricsTimeoutMs = 2_000;
const loopResolutionMs = 20;
/** A look at the whole root is not worth its cost more often than this. */
const standingForMs = 10_000;

/** How the agent does: for probes, for Prometheus, and for somebody who wants to know why nothing moves. */
export function statusRoutes(context: RestContext): readonly Route[] {
  const { agent, version, metrics } = context;
  const loopDelay = monitorEventLoopDelay({ resolution: loopResolutionMs });
  loopDelay.enable();
  const standing = lookNowAndThen(context);
  return [
    route({
      method: 'GET',
      path: '/healthz',
      summary: '200 once the agent has recovered, and as long as it serves.',
      always: true,
      answers: { 200: { description: 'It serves.', type: 'text/plain' } },
      handle: ({ response }) => sendText(response, `${agent.state}\n`, agent.state === 'RUNNING' ? 200 : 503),
    }),
    route({
      method: 'GET',
      path: '/diag',
      summary: 'What the agent is doing. Takes no lock and asks no actor, so it answers when nothing else does.',
      always: true,
      answers: { 200: { description: 'The facts.', schema: { type: 'object' } } },
      handle: ({ response }) => {
        const { rss, heapUsed } = process.memoryUsage();
        sendJson(response, {
          state: agent.state,
          ...(agent.recoveryPhase && { recovering: agent.recoveryPhase }),
          version,
          node: process.version,
          pid: process.pid,
          uptimeMs: Math.round(process.uptime() * 1000),
          memory: { residentBytes: rss, heapBytes: heapUsed },
          eventLoop: {
            delayP50Ms: lateMs(loopDelay.percentile(50)),
            delayP99Ms: lateMs(loopDelay.percentile(99)),
            delayMaxMs: lateMs(loopDelay.max),
          },
          activeResources: countsOf(process.getActiveResourcesInfo()),
          runtime: agent.counters(),
          processes: agent.processes(),
        });
      },
    }),
    route({
      method: 'GET',
      path: '/__processes__',
      summary: 'The actors, and how many requests wait for each.',
      always: true,
      answers: { 200: { description: 'The actors.', schema: { type: 'array', items: { type: 'object' } } } },
      handle: ({ response }) => sendJson(response, agent.processes()),
    }),
    route({
      method: 'GET',
      path: '/metrics/snapshot',
      summary: "What was measured, by Mesos's names.",
      answers: {
        200: {
          description: 'Values by name.',
          schema: { type: 'object', additionalProperties: { type: 'number' } },
        },
      },
      async handle({ response }) {
        sendJson(response, await metrics(metricsTimeoutMs));
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      summary: 'What was measured, for Prometheus.',
      answers: { 200: { description: 'Text format 0.0.4.', type: 'text/plain' } },
      async handle({ response }) {
        const text = renderPrometheus([
          ...processFamilies({ state: agent.state, version }, agent.processes(), prefix),
          loopFamily((percentile) => lateMs(loopDelay.percentile(percentile)) / 1000, prefix),
          ...storeFamilies(await standing(), prefix),
          ...measuredFamilies(await metrics(metricsTimeoutMs), prefix),
        ]);
        response.writeHead(200, { 'content-type': prometheusType }).end(text);
      },
    }),
  ];
}

/** However many ask at once, the root is looked at once, and again only after a while. */
function lookNowAndThen({ view, root }: RestContext): () => Promise<Standing> {
  let looked: { readonly atMs: number; readonly standing: Promise<Standing> } | undefined;
  const look = async (): Promise<Standing> => ({
    usage: await view.usage(),
    images: await view.images(),
    containers: await view.containers(),
    oldestTrashMs: await oldestTrashMs(root, Date.now()),
  });
  return () => {
    const nowMs = performance.now();
    if (!looked || nowMs - looked.atMs > standingForMs) {
      const standing = look();
      looked = { atMs: nowMs, standing };
      // What failed is not kept.
      standing.catch(() => (looked = undefined));
    }
    return looked.standing;
  };
}

/** The histogram tells how far its ticks were apart: without the part that was meant. */
function lateMs(apartNs: number): number {
  return Math.max(0, apartNs / 1e6 - loopResolutionMs);
}

function countsOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
