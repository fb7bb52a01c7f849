import type { Configuration } from './configuration.js';
import { configurationSchema } from './configuration.js';

type WithDefault =
  | 'logLevel'
  | 'shutdownTimeoutMs'
  | 'requestTimeoutMs'
  | 'maxBodyBytes'
  | 'maxConnections'
  | 'maxStreams'
  | 'maxStreamBytes'
  | 'heartbeatMs'
  | 'journal';

/** A configuration in which nothing is left out that has a default. */
export type ServiceSettings = Configuration & Required<Pick<Configuration, WithDefault>>;

/**
 * Checks a configuration and fills its defaults in: those that its schema tells.
 *
 * @throws SchemaError
 */
export function withDefaults(configuration: Configuration): ServiceSettings {
  const { properties } = configurationSchema.json as {
    readonly properties: Readonly<Record<string, { readonly default?: unknown }>>;
  };
  const defaults = Object.entries(properties).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return configurationSchema.read({ ...Object.fromEntries(defaults), ...configuration }, '') as ServiceSettings;
}
