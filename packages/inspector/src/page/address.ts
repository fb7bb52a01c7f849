import type { ViewName } from './scene.js';
import { viewNames } from './scene.js';

/** What the fragment of the page's address says; no server ever sees it. */
export interface Address {
  readonly token: string;
  readonly view: ViewName;
  readonly actor: string | undefined;
  /** Whether the server has a saved trace to show. */
  readonly isTrace: boolean;
}

export function readAddress(): Address {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const view = viewNames.find((name) => name === parameters.get('view')) ?? 'actors';
  const actor = parameters.get('actor') ?? undefined;
  return { token: parameters.get('token') ?? '', view, actor, isTrace: parameters.has('trace') };
}

/** Keeps the address true, so that a reload shows the same. */
export function writeAddress(view: ViewName, actor: string | undefined): void {
  const parameters = new URLSearchParams(location.hash.slice(1));
  parameters.set('view', view);
  if (actor === undefined) parameters.delete('actor');
  else parameters.set('actor', actor);
  history.replaceState(null, '', `#${parameters.toString()}`);
}
