/**
 * An agent began to serve the root while the command waited for the store, and nothing of it was done yet: it is that
 * agent's to do. Never shown to anybody.
 */
export class ServedMeanwhile extends Error {
  override readonly name = 'ServedMeanwhile';
}
