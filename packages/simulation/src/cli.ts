import { ReplayError } from './simulate/failure-file.js';
import { replay } from './simulate/replay.js';

const usage = `usage: keelson-simulate replay FILE

Runs a failure that a simulation saved, on the program as it is now, and prints its report.
Exit status: 0 it passes now, 1 it still fails, 2 it could not be run.
`;

/** The `keelson-simulate` command. Answers the exit status. */
export async function main(words: readonly string[]): Promise<number> {
  const [command, file, ...more] = words;
  if (command === '--help' || command === '-h') {
    process.stdout.write(usage);
    return 0;
  }
  if (command !== 'replay' || file === undefined || more.length > 0) {
    process.stderr.write(usage);
    return 2;
  }
  try {
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
