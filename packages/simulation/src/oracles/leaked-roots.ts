import type { SimulatedWorld } from '../simulated-world.js';

/** Roots that nobody gave back, or jobs that never end, in a world where nothing can run any more. */
export class LeakedRootError extends Error {
  override readonly name = 'LeakedRootError';

  constructor(readonly leaks: readonly string[]) {
    super(`nothing can run any more, and this is still held: ${leaks.join('; ')}`);
  }
}

/**
 * Asks the store of a quiet world who still holds what. A pull or a launch that has ended holds nothing; an owner that
 * was given an image on purpose holds it until it lets go, so release those first.
 *
 * @throws LeakedRootError    naming each owner with what it holds
 */
export function expectRootsReleased(world: SimulatedWorld): void {
  const answer = world.store.roots();
  if (!world.settle()) return;
  const roots = answer.get().map(({ owner, references, layers }) => {
    const holds = [...references, ...[...layers].map((layer) => `layer ${layer.slice(0, 12)}`)];
    return `root '${owner}' holds ${holds.join(', ') || 'nothing yet'}`;
  });
  const { pendingJobs } = world.executor;
  const jobs = pendingJobs === 0 ? [] : [`${pendingJobs} jobs that never end`];
  if (roots.length + jobs.length > 0) throw new LeakedRootError([...roots, ...jobs]);
}
