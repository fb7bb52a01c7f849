import type { Agent } from '@keelson/agent';
import type { CommandCall } from '@keelson/agent/server';
import { runHosted } from './hosted-command.js';
import { main } from './main.js';

/**
 * For the `run` of `serveAgent`: lets the commands of `keelson` work through an agent of your own, with the same output
 * and exit code.
 *
 * @example const served = await serveAgent({ root }, { version: '1.0.0', run: serveCommands });
 */
export function serveCommands(
  call: CommandCall,
  host: { readonly agent: Agent; readonly root: string },
): Promise<number> {
  return runHosted(main, call, host);
}
