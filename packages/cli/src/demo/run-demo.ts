import { once } from 'node:events';
import type { Agent } from '@keelson/agent';
import { CliError } from '../cli-error.js';
import { describeFailure } from '../failure.js';
import { ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { assembleDemoImages } from './demo-images.js';
import { DemoRegistry } from './demo-registry.js';
import { makeDemoRoot, removeDemoRoot } from './demo-root.js';
import { Tour } from './tour.js';

/** Takes the tour and cleans up after it, whatever happened. Answers 0 only if every step really happened. */
export async function runDemo(session: Session, { inspect }: { readonly inspect: boolean }): Promise<number> {
  const { output } = session;
  const { paint } = output;
  const { Agent } = await import('@keelson/agent');
  const { content, images } = await assembleDemoImages();
  const registry = await DemoRegistry.listen(content);
  const root = await makeDemoRoot();
  const agent = Agent.create({ ...session.agentOptions(), root });
  const tour = new Tour(agent, root, registry, images, output);
  const { report } = tour;
  let failure: unknown;

  report.line(`${paint('bold', 'Keelson')}  a container agent core for Node.js, showing itself`);
  report.line(
    paint('gray', `Three images made of this machine's own shell, served by a registry on ${registry.host}.`),
  );
  report.line(paint('gray', `The agent keeps everything in ${root}, and removes it at the end.`));
  const interruption = interruptible();
  try {
    await agent.start();
    if (inspect) report.line(`Watch it live: ${paint('bold', await agent.inspect({ recordEvents: true }))}`);
    await Promise.race([tour.run(), interruption.interrupted]);
    sayWhatElse(tour, root, inspect);
    if (inspect) await interruption.signalled;
  } catch (error) {
    failure = error;
  } finally {
    interruption.dispose();
    await cleanUp(agent, registry, root).catch((error: unknown) => (failure ??= error));
  }
  return conclude(session, tour, failure);
}

function sayWhatElse({ report }: Tour, root: string, inspect: boolean): void {
  report.line('');
  report.line(inspect ? 'The agent is still up, and its page with it. Elsewhere:' : 'There is more:');
  const more = inspect
    ? [`npx keelson --root ${root} ps     (or images, df, plan, why; Ctrl-C here ends the demo)`]
    : [
        'npx keelson demo --inspect       the same on a page: actors, statecharts, messages, locks, the store',
        'npx keelson run --rm alpine -- echo hello',
      ];
  for (const line of more) report.detail(line);
}

function conclude(session: Session, { report, reclaimed }: Tour, failure: unknown): number {
  const { output } = session;
  const described = failure === undefined ? undefined : describeFailure(failure);
  const removed = reclaimed?.removed;
  const document = {
    steps: report.steps,
    reclaimed: {
      images: removed?.images.length ?? 0,
      layers: removed?.layers.length ?? 0,
      plannedBytes: reclaimed?.bytes.planned ?? 0,
      unlinkedBytes: reclaimed?.bytes.unlinked ?? 0,
      measuredBytes: reclaimed?.bytes.measured ?? 0,
    },
    ...(described && { error: described }),
  };
  output.result(document, () => []);
  if (described) {
    output.failureLine(described);
    return failure instanceof Interrupted ? ExitCode.signalBase + failure.number : ExitCode.failure;
  }
  const { paint } = output;
  const skipped = report.steps.filter(({ status }) => status === 'skipped');
  report.line('');
  if (skipped.length === 0) {
    report.line(
      paint('green', `All ${report.steps.length} steps really happened, and nothing of them is left.`),
    );
    return ExitCode.success;
  }
  report.line(
    paint(
      'yellow',
      `${skipped.length} of ${report.steps.length} steps cannot happen here: ${skipped[0]!.message}`,
    ),
  );
  return ExitCode.unavailable;
}

async function cleanUp(agent: Agent, registry: DemoRegistry, root: string): Promise<void> {
  try {
    for (const { id } of await agent.containers()) await agent.destroy(id);
  } finally {
    await agent.close();
    await registry.close();
  }
  // Only after everything was taken down: a mount still standing below would be emptied with the rest.
  await removeDemoRoot(root);
}

/** The demo was told to stop. */
class Interrupted extends CliError {
  constructor(readonly number: number) {
    super('INTERRUPTED', 'the demo was interrupted; what it made is removed');
  }
}

/**
 * Catches the first SIGINT or SIGTERM, so that the demo leaves nothing behind. A second one kills as usual.
 */
function interruptible() {
  const listening = new AbortController();
  const signals = [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const;
  const signalled = Promise.race(
    signals.map(([name, number]) => once(process, name, { signal: listening.signal }).then(() => number)),
  );
  const interrupted = signalled.then((number): never => {
    throw new Interrupted(number);
  });
  // Disposal rejects both with an AbortError that nobody waits for.
  signalled.catch(() => {});
  interrupted.catch(() => {});
  return { signalled, interrupted, dispose: () => listening.abort() };
}
