import type { JsonSchema } from '../../schema/schema.js';

/* What the REST view answers, as JSON Schema. The documents are those of the command line with `--json`. */

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
const time = { type: 'string', format: 'date-time' };
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const fields = (properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

export const imageDocument = fields({
  reference: text,
  digest: text,
  sizeBytes: count,
  uniqueBytes: count,
  sharedBytes: count,
  created: orNull(time),
  pulledAt: time,
  lastUsedAt: orNull(time),
  pinned: { type: 'boolean' },
  usedBy: list(text),
});

export const imagesDocument = fields({ images: list(imageDocument) });

export const pulledDocument = fields(
  {
    reference: text,
    digest: text,
    indexDigest: text,
    layers: list(fields({ id: text, sizeBytes: count, reused: { type: 'boolean' } })),
    bytesDownloaded: count,
    elapsedMs: count,
  },
  ['indexDigest'],
);

export const containerDocument = fields({
  id: text,
  image: orNull(text),
  state: text,
  pid: orNull(count),
  createdAt: orNull(time),
  exitStatus: orNull(count),
});

export const containersDocument = fields({ containers: list(containerDocument) });

export const endDocument = fields({ containerId: text, exitStatus: orNull(count), signal: orNull(text) });

const verdicts = list(fields({ object: text, why: text }));
const removed = fields({
  images: list(fields({ reference: text, digest: text, uniqueBytes: count })),
  layers: list(fields({ id: text, sizeBytes: count })),
});

export const planDocument = fields({
  hash: text,
  storeVersion: {},
  remove: removed,
  keep: verdicts,
  unmatchedExclusions: list(text),
  uniqueBytes: count,
});

export const reportDocument = fields({
  removed,
  kept: verdicts,
  skipped: verdicts,
  unmatchedExclusions: list(text),
  bytes: { type: 'object' },
  lockHeldMs: { type: 'number' },
});

export const failureDocument = fields({ error: fields({ code: text, message: text }) });

export const pruneJobDocument = fields(
  {
    id: text,
    state: { type: 'string', enum: ['RUNNING', 'DONE', 'FAILED'] },
    exclude: list(text),
    startedAt: time,
    endedAt: orNull(time),
    report: orNull(reportDocument),
    error: orNull(fields({ code: text, message: text })),
  },
  [],
);

export const whyDocument = fields({ object: text, kept: { type: 'boolean' }, chains: list(list(text)) });
