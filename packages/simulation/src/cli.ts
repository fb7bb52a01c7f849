import { readFileSync } from 'node:fs';
import { createKeelsonInspector } from '@keelson/inspector';
import { readFailure, ReplayError } from './simulate/failure-file.js';
import { replay } from './simulate/replay.js';

const usage = `usage: keelson-simulate replay FILE [--inspect]

Runs a failure that a simulation saved, on the program as it is now, and prints its report.
  --inspect    shows the trace that was saved on a page, served on this machine alone until Ctrl-C; runs nothing
Exit status: 0 it passes now, 1 it still fails, 2 it could not be run.
`;

/** The `keelson-simulate` command. Answers the exit status. */
export async function main(words: readonly string[]): Promise<number> {
  const [command, file, ...more] = words.filter((word) => word !== '--inspect');
  if (command === '--help' || command === '-h') {
    process.stdout.write(usage);
    return 0;
  }
  if (command !== 'replay' || file === undefined || more.length > 0) {
    process.stderr.write(usage);
    return 2;
  }
  try {
    if (words.includes('--inspect')) return await inspect(file);
    const { outcome, report } = await replay(file, load);
    process.stdout.write(`${report}\n`);
    if (outcome === 'different') process.stdout.write('\nit fails, but differently than when it was saved\n');
    return outcome === 'passes' ? 0 : 1;
  } catch (error) {
    const known = error instanceof ReplayError;
    process.stderr.write(`keelson-simulate: ${known ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return 2;
  }
}

/** Serves the page with the trace of a file, until somebody ends it. */
async function inspect(path: string): Promise<number> {
  // Whatever else is wrong with it is told here and not on the page.
  readFailure(path);
  const inspector = createKeelsonInspector({ title: path, trace: readFileSync(path, 'utf8') });
  const { url } = await inspector.listen();
  process.stdout.write(`${url}&trace&view=messages\n`);
  await new Promise((resolve) => {
    // The page alone keeps no process alive.
    const alive = setInterval(() => {}, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(clearInterval(alive)));
  });
  await inspector.close();
  return 0;
}

/** TypeScript is read by Vite where that is installed (Vitest brings it), since older Nodes cannot. */
async function load(module: URL): Promise<Record<string, unknown>> {
  if (!/\.[cm]?tsx?$/.test(module.pathname)) return (await import(module.href)) as Record<string, unknown>;
  const vite = (await import('vite' as string).catch(() => undefined)) as Vite | undefined;
  if (vite?.runnerImport === undefined) return (await import(module.href)) as Record<string, unknown>;
  const { module: loaded } = await vite.runnerImport(module.pathname, { configFile: false, logLevel: 'error' });
  return loaded;
}

interface Vite {
  runnerImport?(path: string, config: object): Promise<{ module: Record<string, unknown> }>;
}
