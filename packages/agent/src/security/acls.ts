import { flag, text } from '../schema/schema.js';
import type { Schema, ValueOf } from '../schema/schema.js';
import { list, optional, shape } from '../schema/composed-schema.js';
import { SchemaError, shown } from '../schema/schema-error.js';

/** Who, or what: anybody, nobody, or (of principals) these. In the JSON of Mesos `acls.proto`. */
export type AclEntity = { readonly type: 'ANY' | 'NONE' } | { readonly values: readonly string[] };

const entityJson = {
  oneOf: [
    { type: 'object', properties: { type: { enum: ['ANY', 'NONE'] } }, required: ['type'] },
    { type: 'object', properties: { values: { type: 'array', items: { type: 'string' } } }, required: ['values'] },
  ],
};

const names = list(text({ description: 'A principal.', maxLength: 255 }), { description: 'Principals.' });

const principals: Schema<AclEntity> = {
  json: { ...entityJson, description: 'Whom the rule speaks of.' },
  read: (value, field) => {
    const { type, values } = (value ?? {}) as { type?: unknown; values?: unknown };
    if (type === 'ANY' || type === 'NONE') return { type };
    if (values !== undefined) return { values: names.read(values, `${field}.values`) };
    throw new SchemaError(field, shown(value), 'must be {"type":"ANY"}, {"type":"NONE"} or {"values":[…]}');
  },
};

/** Only all images or none: a prune takes whatever nobody uses, so it cannot be allowed for some. */
const images: Schema<{ readonly type: 'ANY' | 'NONE' }> = {
  json: { ...entityJson.oneOf[0], description: 'ANY allows the principals to prune, NONE forbids it.' },
  read: (value, field) => {
    const type = (value as { type?: unknown } | undefined)?.type;
    if (type === 'ANY' || type === 'NONE') return { type };
    const rule = 'must be {"type":"ANY"} or {"type":"NONE"}: ACL.PruneImages type must be either NONE or ANY';
    throw new SchemaError(field, shown(value), rule);
  },
};

/** Access control lists, in the JSON of Mesos `acls.proto`. */
export const aclsSchema = shape(
  {
    permissive: optional(flag({ description: 'Whether what no rule speaks of is allowed.', default: true })),
    prune_images: optional(
      list(shape({ principals, images }), { description: 'The first rule that speaks of the principal decides.' }),
    ),
  },
  { description: 'Who may prune images, in the form of Mesos ACLs.' },
);

export type Acls = ValueOf<typeof aclsSchema>;

/** What principals are allowed to do, beyond what everybody authenticated is. */
export type GuardedAction = 'PRUNE_IMAGES';

/**
 * Whether `acls` allow `principal` to prune images. The first rule that speaks of it decides, `permissive` where none
 * does. A rule with principals NONE speaks of everybody, and allows nobody (Mesos `local/authorizer.cpp`).
 */
export function mayPruneImages({ permissive = true, prune_images: rules = [] }: Acls, principal: string): boolean {
  const rule = rules.find(({ principals: who }) => !('values' in who) || who.values.includes(principal));
  if (!rule) return permissive;
  const nobody = 'type' in rule.principals && rule.principals.type === 'NONE';
  return !nobody && rule.images.type === 'ANY';
}
