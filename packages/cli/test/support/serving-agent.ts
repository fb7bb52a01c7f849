import type { Outcome, Started, World } from './keelson.js';

/** A `keelson agent` that serves a root. */
export interface ServingAgent {
  readonly started: Started;
  /** What its first line said. */
  readonly ready: { readonly pid: number; readonly socket: string };
  /** SIGTERM, or SIGKILL for one that should get no chance to say goodbye. */
  readonly end: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<Outcome>;
}

/** Starts an agent on the root of `world` and waits until it serves. */
export async function serve(world: World, ...words: string[]): Promise<ServingAgent> {
  const started = world.start(...words, 'agent');
  let stdout = '';
  started.child.stdout!.on('data', (text: string) => (stdout += text));
  await started.said('"ready":true');
  return {
    started,
    ready: JSON.parse(stdout),
    end: (signal = 'SIGTERM') => {
      started.child.kill(signal);
      return started.outcome;
    },
  };
}
