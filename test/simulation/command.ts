import type { Future } from '@keelson/process';
import fc from 'fast-check';
import type { ImageKey } from './images.js';
import { dockerImage, images, nameOf, referenceOf } from './images.js';
import type { Life } from './life.js';

/** What somebody asks of the store and the provisioner. */
export type Command =
  | { readonly kind: 'pull'; readonly image: ImageKey; readonly force: boolean }
  | { readonly kind: 'provision'; readonly id: string; readonly image: ImageKey }
  | { readonly kind: 'destroy'; readonly id: string }
  | { readonly kind: 'prune'; readonly exclude: readonly ImageKey[] }
  | { readonly kind: 'untag'; readonly image: ImageKey }
  | { readonly kind: 'retag' }
  | { readonly kind: 'discard'; readonly which: number };

export const containerIds = ['c1', 'c2', 'c1.child'] as const;

/** Any command; `without` leaves kinds out. */
export function anyCommand(without: readonly Command['kind'][] = []): fc.Arbitrary<Command> {
  const image = fc.constantFrom<ImageKey>('web', 'job');
  const id = fc.constantFrom<string>(...containerIds);
  const all: { kind: Command['kind']; weight: number; arbitrary: fc.Arbitrary<Command> }[] = [
    { kind: 'pull', weight: 3, arbitrary: fc.record({ kind: fc.constant('pull'), image, force: fc.boolean() }) },
    { kind: 'provision', weight: 4, arbitrary: fc.record({ kind: fc.constant('provision'), id, image }) },
    { kind: 'destroy', weight: 3, arbitrary: fc.record({ kind: fc.constant('destroy'), id }) },
    { kind: 'prune', weight: 3, arbitrary: fc.record({ kind: fc.constant('prune'), exclude: fc.subarray<ImageKey>(['web', 'job']) }) },
    { kind: 'untag', weight: 1, arbitrary: fc.record({ kind: fc.constant('untag'), image }) },
    { kind: 'retag', weight: 1, arbitrary: fc.constant({ kind: 'retag' }) },
    { kind: 'discard', weight: 2, arbitrary: fc.record({ kind: fc.constant('discard'), which: fc.nat(6) }) },
  ];
  return fc.oneof(...all.filter(({ kind }) => !without.includes(kind)));
}

export function commands(options: { without?: readonly Command['kind'][]; most?: number } = {}): fc.Arbitrary<Command[]> {
  return fc.array(anyCommand(options.without), { minLength: 1, maxLength: options.most ?? 8, size: 'max' });
}

/** One request under way, and the command it came from. */
export interface Asked {
  readonly command: Command;
  readonly answer: Future<unknown>;
}

/**
 * Offers every command as a thing that may happen: the dispatcher decides when each is asked, and what becomes of it.
 * The list fills while the life runs.
 */
export function offer(life: Life, wanted: readonly Command[]): Asked[] {
  const asked: Asked[] = [];
  for (const command of wanted) {
    const run = (): void => {
      const answer = ask(life, command, asked);
      if (answer !== undefined) asked.push({ command, answer });
    };
    life.world.runtime.offer({ kind: 'completion', label: `ask ${command.kind}`, run });
  }
  return asked;
}

/** Asks one now. */
export function ask(life: Life, command: Command, asked: readonly Asked[] = []): Future<unknown> | undefined {
  const { store, provisioner, metadata, registry } = life.world;
  switch (command.kind) {
    case 'pull':
      return store.pull(nameOf(command.image), { cached: !command.force });
    case 'provision':
      return provisioner.provision(command.id, dockerImage(command.image));
    case 'destroy':
      life.layers.destroying(command.id);
      return provisioner.destroy(command.id);
    case 'prune':
      return provisioner.pruneImages(command.exclude.map(dockerImage));
    case 'untag':
      return metadata.forget([referenceOf(command.image)]);
    case 'retag':
      registry.put('web', 'latest', images.webTwo);
      return undefined;
    case 'discard':
      asked[command.which % Math.max(1, asked.length)]?.answer.discard();
      return undefined;
  }
}
