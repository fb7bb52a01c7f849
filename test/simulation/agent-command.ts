import type { Future } from '@keelson/process';
import fc from 'fast-check';
import type { AgentLife } from './agent-world.js';
import { configOf } from './agent-world.js';
import type { ImageKey } from './images.js';
import { dockerImage, images, nameOf } from './images.js';

/** What somebody asks of a whole agent, or what happens to its containers. */
export type AgentCommand =
  | {
      readonly kind: 'launch';
      readonly id: string;
      readonly image: ImageKey;
      readonly volume: ImageKey | undefined;
      readonly provisionOnly: boolean;
    }
  | { readonly kind: 'destroy' | 'wait' | 'remove' | 'exit'; readonly id: string }
  | { readonly kind: 'kill'; readonly id: string; readonly signal: 'SIGTERM' | 'SIGUSR1' }
  | { readonly kind: 'prune'; readonly exclude: readonly ImageKey[] }
  | { readonly kind: 'pull'; readonly image: ImageKey; readonly force: boolean }
  | { readonly kind: 'retag' }
  | { readonly kind: 'discard'; readonly which: number };

export function agentCommands(most = 8): fc.Arbitrary<AgentCommand[]> {
  const image = fc.constantFrom<ImageKey>('web', 'job');
  const id = fc.constantFrom('c1', 'c2', 'c1.child');
  const volume = fc.option(image, { nil: undefined });
  const any: fc.Arbitrary<AgentCommand> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('launch'), id, image, volume, provisionOnly: fc.nat(4).map((n) => n === 0) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('destroy'), id }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('wait', 'remove', 'exit'), id }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill'), id, signal: fc.constantFrom('SIGTERM', 'SIGUSR1') }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('prune'), exclude: fc.subarray<ImageKey>(['web', 'job']) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pull'), image, force: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'retag' }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('discard'), which: fc.nat(6) }) },
  );
  return fc.array(any, { minLength: 1, maxLength: most, size: 'max' });
}

export interface AgentAsked {
  readonly command: AgentCommand;
  readonly answer: Future<unknown>;
}

/** Offers every command as a thing that may happen; the dispatcher decides when. */
export function offerToAgent(life: AgentLife, wanted: readonly AgentCommand[]): AgentAsked[] {
  const asked: AgentAsked[] = [];
  for (const command of wanted) {
    const run = (): void => {
      const answer = askAgent(life, command, asked);
      if (answer !== undefined) asked.push({ command, answer });
    };
    life.world.runtime.offer({ kind: 'completion', label: `ask ${command.kind}`, run });
  }
  return asked;
}

export function askAgent(
  life: AgentLife,
  command: AgentCommand,
  asked: readonly AgentAsked[] = [],
): Future<unknown> | undefined {
  const { containerizer, world, host } = life;
  switch (command.kind) {
    case 'launch':
      return containerizer.launch(command.id, configOf(command.image, command.volume, command.provisionOnly));
    case 'destroy':
      return containerizer.destroy(command.id);
    case 'wait':
      return containerizer.wait(command.id);
    case 'remove':
      return containerizer.remove(command.id);
    case 'exit': {
      const pid = host.pidOf(command.id);
      if (pid !== undefined) host.exit(pid, 3);
      return undefined;
    }
    case 'kill':
      return containerizer.kill(command.id, command.signal);
    case 'prune':
      return containerizer.pruneImages(command.exclude.map(dockerImage));
    case 'pull':
      return world.store.pull(nameOf(command.image), { cached: !command.force });
    case 'retag':
      world.registry.put('web', 'latest', images.webTwo);
      return undefined;
    case 'discard':
      asked[command.which % Math.max(1, asked.length)]?.answer.discard();
      return undefined;
  }
}
