import { list, optional, secret, shape, table } from '../../schema/composed-schema.js';
import type { Schema, ValueOf } from '../../schema/schema.js';
import { choice, flag, measure, text, whole } from '../../schema/schema.js';
import { SchemaError, shown } from '../../schema/schema-error.js';

/*
 * Messages of Mesos `v1/mesos.proto`, as far as this agent takes notice of them. They are open: what a client says
 * beyond is passed over, as protobuf does with fields it does not know.
 */

/** A container is named by its own value and, where it is nested, by its parent. */
export interface MesosContainerId {
  readonly value: string;
  readonly parent?: MesosContainerId;
}

const maxNesting = 32;
const idPart = text({
  description: 'One part of the id.',
  pattern: /^[A-Za-z0-9_-]+$/,
  expected: 'a text of letters, digits, _ and -',
  maxLength: 128,
});

/** Reads a `ContainerID` as the id by which Keelson knows the container: `parent.child`. */
export const containerId: Schema<string> = {
  json: {
    type: 'object',
    description: 'ContainerID: the parent of a nested container is one again.',
    properties: { value: idPart.json, parent: { type: 'object' } },
    required: ['value'],
  },
  read: (value, field) => readContainerId(value, field, maxNesting),
};

function readContainerId(value: unknown, field: string, deepest: number): string {
  if (typeof value !== 'object' || value === null) throw new SchemaError(field, shown(value), 'must be an object');
  const { value: own, parent } = value as { value?: unknown; parent?: unknown };
  const name = idPart.read(own, `${field}.value`);
  if (parent === undefined || parent === null) return name;
  if (deepest === 0) throw new SchemaError(field, undefined, `is nested more than ${maxNesting} deep`);
  return `${readContainerId(parent, `${field}.parent`, deepest - 1)}.${name}`;
}

/** The other way round. */
export function mesosContainerId(id: string): MesosContainerId {
  const dot = id.lastIndexOf('.');
  return dot < 0 ? { value: id } : { value: id.slice(dot + 1), parent: mesosContainerId(id.slice(0, dot)) };
}

const word = (description: string): Schema<string> => text({ description, maxLength: 1024 * 1024 });
const open = { open: true };

export const commandInfo = shape(
  {
    shell: optional(flag({ description: 'Whether /bin/sh -c runs `value`.', default: true })),
    value: optional(word('The command, or without shell the executable.')),
    arguments: optional(list(word('One; the first one of an executable is its name.'), { description: 'argv.' })),
    user: optional(word('By the passwd file of the image.')),
    environment: optional(
      shape(
        {
          variables: optional(
            list(shape({ name: word('Its name.'), value: optional(word('Its value.')) }, open), {
              description: 'Variables.',
            }),
          ),
        },
        open,
      ),
    ),
  },
  { ...open, description: 'CommandInfo.' },
);

/** A `Secret` of Mesos. */
const dockerConfig = secret(
  shape(
    {
      type: optional(choice(['VALUE', 'REFERENCE'], { description: 'VALUE; there is nowhere to look references up.' })),
      value: optional(shape({ data: secret(text({ description: 'In base64.', maxLength: 1024 * 1024 })) }, open)),
    },
    { ...open, description: "Secret: a config.json of Docker, whose `auths` the pull of the container's image shows." },
  ),
);

const image = shape(
  {
    type: choice(['DOCKER', 'APPC'], { description: 'DOCKER; APPC images are not supported.' }),
    docker: optional(shape({ name: word('As users write references.'), config: optional(dockerConfig) }, open)),
    cached: optional(flag({ description: 'Whether an image that is here is good enough.', default: true })),
  },
  { ...open, description: 'Image.' },
);

export type MesosImage = ValueOf<typeof image>;

const volume = shape(
  {
    mode: optional(choice(['RW', 'RO'], { description: 'Whether it may be written.', default: 'RW' })),
    container_path: word('Absolute path inside.'),
    host_path: optional(word('Absolute path of the host.')),
    image: optional(image),
  },
  open,
);

export const containerInfo = shape(
  {
    type: optional(choice(['MESOS', 'DOCKER'], { description: 'DOCKER: by a Docker engine, where one is set up.' })),
    mesos: optional(shape({ image: optional(image) }, open)),
    docker: optional(shape({ image: word('Its name for the engine.') }, open)),
    volumes: optional(list(volume, { description: 'What is mounted.' })),
    hostname: optional(word('Its name for itself.')),
  },
  { ...open, description: 'ContainerInfo.' },
);

export const resources = list(
  shape(
    {
      name: word('cpus or mem (MiB); others are passed over.'),
      scalar: optional(
        shape({ value: measure({ description: 'How much.', unit: 'units', minimum: 0, maximum: 1e15 }) }, open),
      ),
    },
    open,
  ),
  { description: 'Resource: what the container is limited to.' },
);

export const excludedImages = list(image, { description: 'Images to keep.', maxItems: 10_000 });

/** A DurationInfo, read as milliseconds. */
export const duration: Schema<number> = {
  json: { type: 'object', properties: { nanoseconds: { type: 'integer' } }, required: ['nanoseconds'] },
  read: (value, field) => {
    const { nanoseconds } = (value ?? {}) as { nanoseconds?: unknown };
    // protobuf writes a 64 bit number as text.
    const number = typeof nanoseconds === 'string' && /^\d+$/.test(nanoseconds) ? Number(nanoseconds) : nanoseconds;
    if (typeof number === 'number' && number >= 0 && number <= Number.MAX_SAFE_INTEGER) return number / 1e6;
    throw new SchemaError(`${field}.nanoseconds`, shown(nanoseconds), 'must be a whole number of nanoseconds from 0');
  },
};

/** `limits` of a launch: they win over its resources. */
export const limits = table(
  shape({ value: measure({ description: 'How much.', unit: 'units', minimum: 0, maximum: 1e15 }) }, open),
  { description: 'Limits by the name of the resource.' },
);

export const signal = whole({
  description: 'Number of the signal.',
  unit: 'signals',
  minimum: 1,
  maximum: 64,
  default: 9,
});
