import { readFileSync, statSync } from 'node:fs';
import { AgentError } from '../agent-error.js';
import { SchemaError } from '../schema/schema-error.js';
import type { Configuration } from './configuration.js';
import { configurationSchema } from './configuration.js';

const maxFileBytes = 1024 * 1024;

/**
 * The configuration in `file`, if there is one, with `flags` before it and `fallback` after it.
 *
 * @throws AgentError CONFIG_INVALID  naming the file, and the field with its unit and its bounds
 */
export function readConfiguration(
  file: string | undefined,
  flags: Partial<Configuration>,
  fallback: Partial<Configuration>,
): Configuration {
  const written = file === undefined ? {} : readDocument(file);
  try {
    // The file by itself first: what a flag replaces must be right all the same.
    const fromFile = configurationSchema.read({ root: fallback.root, ...written }, '');
    return configurationSchema.read({ ...fallback, ...fromFile, ...written, ...flags }, '');
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const [field = ''] = error.field.split(/[.[]/);
    const source = Object.hasOwn(written, field) ? `the configuration in ${file}` : 'the agent';
    throw new AgentError('CONFIG_INVALID', `cannot set up ${source}: ${error.message}`, { cause: error });
  }
}

function readDocument(file: string): Record<string, unknown> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new AgentError('CONFIG_INVALID', `cannot read the configuration in ${file}: ${why}`, { cause });
  };
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > maxFileBytes) refuse(`it has ${size} bytes, more than ${maxFileBytes}`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof AgentError) throw error;
    return refuse((error as Error).message, error);
  }
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
      return document as Record<string, unknown>;
    }
  } catch (error) {
    return refuse((error as Error).message, error);
  }
  return refuse('it must be a JSON object');
}
