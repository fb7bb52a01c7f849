import { optional, shape } from '../../schema/composed-schema.js';
import { whole } from '../../schema/schema.js';
import { logLevels } from '../../log-level-switch.js';
import type { MesosImage } from './mesos-schemas.js';
import { duration, excludedImages } from './mesos-schemas.js';
import { operatorCall } from './operator-call.js';
import { HttpFailure } from '../http-failure.js';

const metricsTimeoutMs = 2_000;

const level = whole({
  description: '0 error, 1 warn, 2 info, 3 debug.',
  unit: 'levels',
  minimum: 0,
  maximum: logLevels.length - 1,
});

/** Calls about the agent itself, and its images. */
export const agentCalls = [
  operatorCall({
    type: 'GET_HEALTH',
    summary: 'Whether the agent serves.',
    answer: async () => ({ healthy: true }),
  }),
  operatorCall({
    type: 'GET_FLAGS',
    summary: 'The settings in effect, secrets redacted.',
    answer: async ({ settings }) => ({ flags: settings }),
  }),
  operatorCall({
    type: 'GET_VERSION',
    summary: 'The version of the agent.',
    answer: async ({ version }) => ({ version_info: { version } }),
  }),
  operatorCall({
    type: 'GET_METRICS',
    summary: "What was measured, by Mesos's names.",
    message: shape({ timeout: optional(duration) }, { open: true }),
    answer: async ({ metrics }, { timeout = metricsTimeoutMs }) => ({
      metrics: Object.entries(await metrics(timeout)).map(([name, value]) => ({ name, value })),
    }),
  }),
  operatorCall({
    type: 'GET_LOGGING_LEVEL',
    summary: 'How much is logged.',
    answer: async ({ logLevel }) => ({ level: logLevels.indexOf(logLevel.level) }),
  }),
  operatorCall({
    type: 'SET_LOGGING_LEVEL',
    summary: 'Logs more or less for a while.',
    message: shape({ level, duration }, { open: true }),
    required: true,
    subject: ({ level: wanted }) => logLevels[wanted],
    answer: async ({ logLevel }, message) => {
      logLevel.set(logLevels[message.level]!, message.duration);
      return undefined;
    },
  }),
  operatorCall({
    type: 'PRUNE_IMAGES',
    summary: 'Removes the images and layers that no container and no exclusion needs; answers when they are marked.',
    message: shape({ excluded_images: optional(excludedImages) }, { open: true }),
    subject: ({ excluded_images: images = [] }) => `all but ${images.length} excluded`,
    answer: async ({ agent, authorize }, { excluded_images: images = [] }, { principal }) => {
      authorize('PRUNE_IMAGES', principal.name);
      await agent.pruneImages({ exclude: images.flatMap(excludedName) });
      return undefined;
    },
  }),
];

/** Images of other types are none of our stores', so nothing of theirs is ever removed. */
function excludedName({ type, docker }: MesosImage): readonly string[] {
  if (type !== 'DOCKER') return [];
  if (docker) return [docker.name];
  throw new HttpFailure(400, 'Failed to validate the call: docker of a DOCKER image is missing');
}
