import { awaitAll, collect, Future } from '@keelson/process';
import type { ImageName, ProvisionInfo, ProvisionOptions } from '@keelson/provisioner';
import { castDraft } from 'immer';
import { chooseLauncher, type NamedLauncher } from './choose-launcher.js';
import type { ImageProcess } from './command-line.js';
import type { Container } from './container.js';
import type { ContainerConfig } from './container-config.js';
import type { ContainerState } from './container-info.js';
import type { LaunchInfo } from './container-records.js';
import { configFormat, launchInfoFormat, processFormat } from './container-records.js';
import type { ContainerizerContext } from './containerizer-context.js';
import { checkpoint } from './containerizer-context.js';
import type { LaunchOptions } from './containerizer.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';
import type { IsolatorRequests, LaunchContribution } from './isolator.js';
import { launchPlace, launchRequest } from './launch-request.js';
import type { LaunchedProcess, LaunchRequest, ProcessRecord } from './launcher.js';

/**
 * Takes one container from STARTING to RUNNING (or PROVISIONED), a step at a time. Each step is what a
 * destroy waits for; the step after it sees that the state has changed and goes no further.
 *
 * The order is that of Mesos `MesosContainerizerProcess::launch`, but that the configuration is on disk
 * before anything else happens: whatever a crash leaves is then named by a record.
 *
 * @throws ContainerizerError CONTAINER_DESTROYED  it was destroyed meanwhile
 */
export class ContainerLaunch {
  readonly #config: ContainerConfig;
  #chosen: Future<NamedLauncher> | undefined;

  constructor(
    private readonly context: ContainerizerContext,
    private readonly container: Container,
    private readonly options: LaunchOptions,
  ) {
    const config = container.record.config?.config;
    if (!config) throw new Error(`container '${container.id}' is launched without a configuration`);
    this.#config = config;
  }

  run(): Future<void> {
    const { turn } = this.context;
    return this.container.during(this.#checkpointConfig()).then(turn(() => this.#provision()));
  }

  #checkpointConfig(): Future<void> {
    const { paths, files } = this.context;
    const { id, record } = this.container;
    return collect([
      files.makeDirectory(paths.container(id), { mode: 0o700 }),
      files.makeDirectory(paths.sandbox(id), { mode: 0o700 }),
    ]).then(() => checkpoint(files, paths.config(id), configFormat, record.config!));
  }

  #provision(): Future<void> {
    this.#goOnFrom('STARTING');
    const { image, rootfs = this.container.parent?.record.launchInfo?.rootfs } = this.#config;
    if (!image) return this.#prepareFolder(rootfs!);

    this.container.send('PROVISION');
    const { access } = this.options;
    const own = { ...(this.#config.backend && { backend: this.#config.backend }), ...(access && { access }) };
    const pull = this.#pull(image, own);
    const beside = this.#config.provisionOnly ? [] : [this.#launcher()];
    const provisioned = awaitAll<unknown>([pull, ...beside]).then(() => pull);
    return this.container.during(provisioned).then(this.context.turn((info) => this.#provisioned(info)));
  }

  /** Which launcher works is found out beside the pull; if none does, the preparation will say so. */
  #launcher(): Future<NamedLauncher> {
    return (this.#chosen ??= chooseLauncher(this.context.launchers, this.#config.launcher));
  }

  /** Followed to where it really is: OCI runtimes refuse a root that is a link. */
  #prepareFolder(folder: string): Future<void> {
    const { files, turn } = this.context;
    const found = files.realPath(folder).repair((failed) => {
      const error = failed.failure();
      const message = `The root folder '${folder}' cannot be used: ${messageOf(error)}`;
      throw new ContainerizerError('CONTAINER_INVALID', message, { cause: error });
    });
    return this.container.during(found).then(
      turn((rootfs) => {
        this.#goOnFrom('STARTING');
        return this.#prepare({ rootfs }, {});
      }),
    );
  }

  #provisioned({ rootfs, backend, layers, image }: ProvisionInfo): Future<void> {
    this.#goOnFrom('PROVISIONING');
    const launchInfo = { rootfs, backend, layers };
    if (!this.#config.provisionOnly) return this.#prepare(launchInfo, processOf(image.config));

    return this.container.during(this.#checkpointLaunchInfo(launchInfo)).then(
      this.context.turn(() => {
        this.#goOnFrom('PROVISIONING');
        this.container.send('STAND');
      }),
    );
  }

  #prepare(launchInfo: LaunchInfo, image: ImageProcess): Future<void> {
    const { turn, paths } = this.context;
    this.container.update((record) => void (record.launchInfo = castDraft(launchInfo)));
    this.container.send('PREPARE');

    const prepared = this.#launcher().then(
      turn((launcher) => {
        this.container.launcher = launcher;
        // Beside each other, but all are over before anything is undone.
        return awaitAll([
          this.#resolve(launchInfo.rootfs, image),
          this.#checkpointLaunchInfo({ ...launchInfo, launcher: launcher.name }),
          launcher.launcher.prepare(launchPlace(this.container.id, this.#config, paths, this.options.stdin)),
        ]).then(([resolved, noted]) => (noted.isReady() ? resolved : (noted as Future<never>)));
      }),
    );
    return this.container.during(prepared).then(turn((request) => this.#isolate(request)));
  }

  #resolve(rootfs: string, image: ImageProcess): Future<LaunchRequest> {
    const { turn } = this.context;
    return this.#volumeSources()
      .then(turn((volumeSources) => this.#prepareIsolators(volumeSources, rootfs)))
      .then(({ volumeSources, contributions }) => {
        const { id, parent } = this.container;
        const joins = parent?.record.process?.process;
        const inputs = {
          id,
          config: this.#config,
          image,
          rootfs,
          volumeSources,
          contributions,
          stdin: this.options.stdin,
          ...(joins && { joins }),
        };
        return launchRequest(inputs, this.context);
      });
  }

  /**
   * The folder of the host behind each volume; other images are provisioned for the same container (T2).
   */
  #volumeSources(): Future<string[]> {
    return collect(
      this.#config.volumes.map((volume) => {
        return volume.image
          ? this.#pull(volume.image).then(({ rootfs }) => rootfs)
          : Future.ready(volume.hostPath);
      }),
    );
  }

  /** One after the other, each noted before it is asked: what it did is undone even if it fails. */
  #prepareIsolators(volumeSources: readonly string[], rootfs: string) {
    const { isolators, paths, turn } = this.context;
    const { id } = this.container;
    const facts = { config: this.#config, rootfs, sandboxDirectory: paths.sandbox(id) };

    const prepare = (contributions: LaunchContribution[], isolator: IsolatorRequests) => {
      this.#goOnFrom('PREPARING');
      this.container.isolators.push(isolator);
      return isolator.prepare(id, facts).then((contribution) => [...contributions, contribution]);
    };
    return isolators
      .reduce<Future<LaunchContribution[]>>(
        (before, isolator) => before.then(turn((contributions) => prepare(contributions, isolator))),
        Future.ready([]),
      )
      .then((contributions) => ({ volumeSources, contributions }));
  }

  #isolate(request: LaunchRequest): Future<void> {
    this.#goOnFrom('PREPARING');
    this.container.send('ISOLATE');
    const started = this.container
      .launcher!.launcher.launch(request)
      .then(this.context.turn((launched) => this.#isolateProcess(launched)));
    return this.container.during(started).then(
      this.context.turn(() => {
        this.#goOnFrom('ISOLATING');
        // Nothing is fetched into a sandbox yet, but the state has its place in the order.
        this.container.send('FETCH');
        this.container.send('RUN');
      }),
    );
  }

  /** Noted in any state: a destroy that waits for this step has a process to kill. */
  #isolateProcess(launched: LaunchedProcess): Future<unknown> {
    const { paths, files } = this.context;
    const { id } = this.container;
    const { status: _, ...process }: LaunchedProcess = launched;
    this.container.process = launched;
    this.container.update((record) => void (record.process = process));
    return checkpoint<ProcessRecord>(files, paths.pid(id), processFormat, process).then(() =>
      collect(this.container.isolators.map((isolator) => isolator.isolate(id, process.pid))),
    );
  }

  #checkpointLaunchInfo(launchInfo: LaunchInfo): Future<void> {
    const { paths, files } = this.context;
    this.container.update((record) => void (record.launchInfo = castDraft(launchInfo)));
    return checkpoint(files, paths.launchInfo(this.container.id), launchInfoFormat, launchInfo);
  }

  #pull(image: ImageName, own: Pick<ProvisionOptions, 'access' | 'backend'> = {}): Future<ProvisionInfo> {
    const { platform } = this.#config;
    const { onProgress } = this.options;
    const pull = this.context.provisioner.provision(this.container.id, image, {
      ...own,
      ...(platform && { platform }),
      ...(onProgress && { onProgress }),
    });
    this.container.pulls.add(pull);
    return pull;
  }

  #goOnFrom(state: ContainerState): void {
    if (this.container.state === state) return;
    const message = `Container '${this.container.id}' was destroyed during ${state}`;
    throw new ContainerizerError('CONTAINER_DESTROYED', message);
  }
}

function processOf(config: ProvisionInfo['image']['config']): ImageProcess {
  return {
    entrypoint: config.entrypoint,
    command: config.cmd,
    environment: config.env,
    workingDirectory: config.workingDirectory,
    user: config.user,
  };
}
