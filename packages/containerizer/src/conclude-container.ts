import type { Future } from '@keelson/process';
import type { Container } from './container.js';
import { terminationFormat } from './container-records.js';
import type { ContainerTermination } from './container-termination.js';
import type { ContainerizerContext } from './containerizer-context.js';
import { checkpoint } from './containerizer-context.js';
import { removeContainerFiles } from './remove-container-files.js';

type Context = Pick<ContainerizerContext, 'paths' | 'files' | 'executor' | 'logger' | 'turn'>;

/**
 * The last step of a destroy: what ran is put on record as ended, of anything else nothing is kept.
 *
 * @throws ContainerizerError CHECKPOINT_FAILED
 */
export function concludeContainer(
  context: Context,
  container: Container,
  { ran, termination }: { readonly ran: boolean; readonly termination: ContainerTermination },
): Future<ContainerTermination> {
  const { paths, files, turn } = context;
  const recorded: Future<unknown> = ran
    ? checkpoint(files, paths.termination(container.id), terminationFormat, termination)
    : removeContainerFiles(context, container.id);
  return recorded.then(
    turn(() => {
      container.update((record) => void (record.termination = termination));
      container.send(ran ? 'ENDED' : 'REMOVE');
      return termination;
    }),
  );
}
