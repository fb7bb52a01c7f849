import type { Configuration } from '@keelson/agent';
import type { ServedAgent } from '@keelson/agent/server';
import { serveAgent } from '@keelson/agent/server';
import { serveCommands } from 'keelson';
import type { World } from './keelson.js';

/** An agent that serves the root of `world` from the test's own process: as `keelson agent`, without its start. */
export function embed(world: World, configuration: Partial<Configuration> = {}): Promise<ServedAgent> {
  const base = { root: world.root, backend: 'copy', lockTimeoutMs: 0, shutdownTimeoutMs: 2_000 } as const;
  return serveAgent(
    { ...base, ...configuration },
    { version: '1.2.3', run: serveCommands },
  );
}
