import { agentFields } from '../agent-fields.js';
import { shape } from '../schema/composed-schema.js';
import type { Schema, ValueOf } from '../schema/schema.js';
import { serviceFields } from './service-fields.js';

/** Every setting of `keelson agent`: the fields of its configuration file, in the order in which they are told. */
export const configurationSchema = shape({ ...agentFields, ...serviceFields });

export type Configuration = ValueOf<typeof configurationSchema>;

/** A setting as it is told: its name in the file (`tls.keyFile` of a nested one), and its value in effect. */
export interface EffectiveSetting {
  readonly name: string;
  readonly value: string;
}

/**
 * What is in effect, defaults included, as text; a secret is told as `***`, a setting without value not at all.
 *
 * @param configuration  as read; what it lacks has its default
 */
export function effectiveSettings(configuration: Partial<Configuration>): readonly EffectiveSetting[] {
  const { properties } = configurationSchema.json as { properties: Record<string, Schema<unknown>['json']> };
  return Object.entries(properties).flatMap(([name, json]) =>
    settingsBelow(name, configuration[name as keyof Configuration] ?? json['default'], json),
  );
}

function settingsBelow(name: string, value: unknown, json: Schema<unknown>['json']): readonly EffectiveSetting[] {
  if (value === undefined) return [];
  if (json['writeOnly'] === true) return [{ name, value: '***' }];
  const fields = json['properties'] as Record<string, Schema<unknown>['json']> | undefined;
  if (!fields || typeof value !== 'object') {
    return [{ name, value: typeof value === 'string' ? value : JSON.stringify(value) }];
  }
  return Object.entries(fields).flatMap(([below, each]) =>
    settingsBelow(`${name}.${below}`, (value as Record<string, unknown>)[below] ?? each['default'], each),
  );
}
