import { HttpFailure } from './http-failure.js';
import type { Route } from './route.js';

/** A path that is known, with what its names in braces stand for. */
export interface MatchedPath {
  readonly parameters: Readonly<Record<string, string>>;
  readonly routes: readonly Route[];
}

interface KnownPath {
  readonly segments: readonly string[];
  readonly routes: Route[];
}

/** Finds the routes of a path. Segments without braces win over those with. */
export class Router {
  readonly #exact = new Map<string, KnownPath>();
  readonly #withNames: KnownPath[] = [];

  constructor(readonly routes: readonly Route[]) {
    for (const route of routes) this.#pathOf(route.path).routes.push(route);
  }

  /** @throws HttpFailure 404 unknown, 400 badly escaped */
  match(path: string): MatchedPath {
    const exact = this.#exact.get(path);
    if (exact) return { parameters: {}, routes: exact.routes };
    const segments = path.split('/');
    for (const known of this.#withNames) {
      const parameters = parametersOf(known.segments, segments);
      if (parameters) return { parameters, routes: known.routes };
    }
    throw new HttpFailure(404, `There is nothing at ${path.slice(0, 200)}; GET /help tells what is where`);
  }

  #pathOf(path: string): KnownPath {
    const segments = path.split('/');
    if (!path.includes('{')) {
      const known = this.#exact.get(path) ?? { segments, routes: [] };
      this.#exact.set(path, known);
      return known;
    }
    const known = this.#withNames.find((each) => each.segments.join('/') === path);
    if (known) return known;
    const made: KnownPath = { segments, routes: [] };
    this.#withNames.push(made);
    return made;
  }
}

/** @throws HttpFailure 405 with the methods that there are */
export function routeFor(routes: readonly Route[], method: string): Route {
  const found = routes.find((each) => each.method === method);
  if (found) return found;
  const allow = routes.map((each) => each.method).join(', ');
  throw new HttpFailure(405, `Expecting one of { ${allow} }, but received ${method}`, { allow });
}

function parametersOf(known: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (known.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of known.entries()) {
    const text = given[index]!;
    if (segment.startsWith('{')) parameters[segment.slice(1, -1)] = decoded(text);
    else if (segment !== text) return undefined;
  }
  return parameters;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpFailure(400, `The path is badly escaped: ${text.slice(0, 200)}`);
  }
}
