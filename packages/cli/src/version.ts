import { readFileSync } from 'node:fs';

/** The version of this package, read when asked: it is the one place that knows. */
export function readVersion(): string {
  const text = readFileSync(new URL(import.meta.resolve('keelson/package.json')), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
