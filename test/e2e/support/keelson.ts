import type { ServedAgent } from '@keelson/agent/server';
import { serveAgent } from '@keelson/agent/server';
import { serveCommands } from 'keelson';
import type { Outcome, Started } from '../../support/keelson-command.js';
import { run, runHere, runJson, start } from '../../support/keelson-command.js';

/** The CLI on one root. */
export class Keelson {
  readonly #environment: NodeJS.ProcessEnv | undefined;

  constructor(
    readonly root: string,
    environment?: NodeJS.ProcessEnv,
  ) {
    this.#environment = environment;
  }

  /** In a process of its own, as a user starts it. */
  start(...words: string[]): Started {
    return start(this.#withRoot(words), this.#environment);
  }

  /** Has an agent in the test's process serve the root; the commands asked for by `ask` are its own from then on. */
  serve(): Promise<ServedAgent> {
    return serveAgent({ root: this.root }, { version: '1.2.3', run: serveCommands });
  }

  /** Asks the agent that serves, without a process for the asking. */
  ask(...words: string[]): Promise<Outcome> {
    return runHere(this.#withRoot(words));
  }

  run(...words: string[]): Promise<Outcome> {
    return run(this.#withRoot(words), this.#environment);
  }

  /** Runs with `--json` and answers the document; fails unless it exited 0 with exactly one document on stdout. */
  json<T = any>(...words: string[]): Promise<T> {
    return runJson(this.#withRoot(words), this.#environment);
  }

  #withRoot(words: readonly string[]): string[] {
    return ['--root', this.root, ...words];
  }
}
