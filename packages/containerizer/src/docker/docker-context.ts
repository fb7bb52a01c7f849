import type { Files, Host, Http, HttpStreams, PositionedFiles } from '@keelson/os/ports';
import type { Clock, Executor, Future, Random, Unwrap } from '@keelson/process';
import type { ContainerPaths } from '../container-paths.js';
import type { Logger } from '../logger.js';
import type { DockerEngine } from './docker-engine.js';

/** How a DockerContainerizer is set up. */
export interface DockerContainerizerOptions {
  readonly paths: ContainerPaths;
  readonly files: Files & PositionedFiles;
  readonly host: Host;
  /** Runs `os.remove-tree`. */
  readonly executor: Executor;
  readonly http: Pick<Http, 'request'> & HttpStreams;
  readonly random: Random;
  readonly clock: Clock;
  /** The engine's unix socket. Default `/var/run/docker.sock`. */
  readonly socket?: string;
  /** Whether launches are taken; without, only what earlier lives left is looked after. Default true. */
  readonly launches?: boolean;
  /** Whether a prune of images is handed to the engine. Default false: its images are its own. */
  readonly prune?: boolean;
  /** How long the engine may take for an answer. Default 60,000 ms. */
  readonly timeoutMs?: number;
  /** How long a killed container may take to end, and the log of an ended one to be read. Default 30,000 ms. */
  readonly stopTimeoutMs?: number;
  /** How long a start waits for the engine before it goes on without. Default 2,000 ms. */
  readonly recoverTimeoutMs?: number;
  /** How long it is left alone after it could not be reached. Default 1,000 ms. */
  readonly retryMs?: number;
  readonly logger?: Logger;
}

/** What the parts of the containerizer work with. */
export interface DockerContext extends DockerContainerizerOptions {
  /** Who is asked to launch. */
  readonly engine: DockerEngine;
  /** Who was asked by an earlier life: one object for each socket. */
  readonly engineAt: (socket: string) => DockerEngine;
  readonly logger: Logger;
  readonly stopTimeoutMs: number;
  readonly recoverTimeoutMs: number;
  readonly retryMs: number;
  /** Makes a continuation run in the containerizer's own turn, where containers may be touched. */
  readonly turn: <A extends unknown[], R>(f: (...args: A) => R) => (...args: A) => Future<Unwrap<R>>;
}
