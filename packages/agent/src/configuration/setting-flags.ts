import { AgentError } from '../agent-error.js';
import type { JsonSchema } from '../schema/schema.js';
import { configurationSchema } from './configuration.js';

/**
 * Reads settings given as `NAME=VALUE`: any field of the configuration, `tls.keyFile` for one of a nested object. A
 * value that is no text is JSON. They are checked with the rest of the configuration.
 *
 * @throws AgentError CONFIG_INVALID
 */
export function readSettingFlags(flags: readonly string[]): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const flag of flags) {
    const equals = flag.indexOf('=');
    if (equals < 1) throw refused(flag, 'must be NAME=VALUE');
    const path = flag.slice(0, equals).split('.');
    const json = path.reduce<JsonSchema | undefined>(fieldOf, configurationSchema.json);
    if (!json) throw refused(flag, 'is not the name of a setting');
    place(settings, path, valueOf(flag.slice(equals + 1), json, flag));
  }
  return settings;
}

function fieldOf(json: JsonSchema | undefined, name: string): JsonSchema | undefined {
  const properties = (json?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function valueOf(text: string, json: JsonSchema, flag: string): unknown {
  if (json['type'] === 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    throw refused(flag, `must have a value in JSON, of type ${String(json['type'])}`);
  }
}

function place(settings: Record<string, unknown>, [name, ...below]: readonly string[], value: unknown): void {
  if (below.length === 0) settings[name!] = value;
  else place((settings[name!] ??= {}) as Record<string, unknown>, below, value);
}

function refused(flag: string, rule: string): AgentError {
  // A value may be a secret, so only the name is shown.
  return new AgentError('CONFIG_INVALID', `cannot set up the agent: --set ${flag.split('=', 1)[0]} ${rule}`);
}
