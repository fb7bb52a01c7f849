import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type {
  ContainerConfig,
  ContainerTermination,
  LauncherName,
  LauncherPid,
  LaunchOptions,
} from '@keelson/containerizer';
import {
  CgroupIsolator,
  containerConfig,
  ContainerPaths,
  LinuxLauncher,
  MesosContainerizer,
  NetworkFilesIsolator,
  OciLauncher,
} from '@keelson/containerizer';
import { LocalCgroups, LocalFiles, LocalHost, LocalSubprocesses, PoolExecutor } from '@keelson/os';
import type { PID } from '@keelson/process';
import { Runtime } from '@keelson/process';
import { afterAll, describe, it } from 'vitest';
import { FakeProvisioner } from './fakes.js';

const busybox = '/bin/busybox';

/** A native containerizer on this machine, with one launcher and a root filesystem of busybox in memory. */
export class RealWorld {
  readonly directory = mkdtempSync('/dev/shm/keelson-containerizer-');
  readonly rootfs = `${this.directory}/rootfs`;
  readonly paths = new ContainerPaths(`${this.directory}/root`);
  readonly files = new LocalFiles();
  readonly host = new LocalHost();
  readonly executor = new PoolExecutor();
  readonly cgroups = new LocalCgroups();
  readonly group = `/keelson/${this.directory.split('-').at(-1)}`;
  readonly #runtimes: Runtime[] = [];
  #last = 0;

  private constructor(readonly launcherName: LauncherName) {
    if (!existsSync(busybox)) return;
    mkdirSync(`${this.rootfs}/bin`, { recursive: true });
    mkdirSync(`${this.rootfs}/etc`);
    copyFileSync(busybox, `${this.rootfs}/bin/busybox`);
    for (const name of [
      'sh',
      'echo',
      'cat',
      'id',
      'sleep',
      'grep',
      'env',
      'pwd',
      'hostname',
      'ls',
      'mknod',
      'head',
      'wc',
    ]) {
      symlinkSync('busybox', `${this.rootfs}/bin/${name}`);
    }
    writeFileSync(
      `${this.rootfs}/etc/passwd`,
      'root:x:0:0::/root:/bin/sh\napp:x:1234:1235::/home/app:/bin/sh\n',
    );
    writeFileSync(`${this.rootfs}/etc/group`, 'app:x:1235:\nextra:x:77:app\n');
    writeFileSync(`${this.rootfs}/bin/not-executable`, '');
    writeFileSync(`${this.rootfs}/bin/garbage`, 'garbage', { mode: 0o755 });
    writeFileSync(`${this.rootfs}/bin/orphan`, '#!/usr/bin/nope\n', { mode: 0o755 });
    chmodSync(this.rootfs, 0o755);
    symlinkSync('rootfs', `${this.directory}/link`);
  }

  /** The world, or why this machine cannot be one. */
  static async open(launcherName: LauncherName): Promise<RealWorld | string> {
    if (!existsSync(busybox)) return `${busybox} (Debian package busybox-static) is not installed`;
    const world = new RealWorld(launcherName);
    try {
      await world.#launcher(new Runtime()).probe();
      return world;
    } catch (error) {
      await world.close();
      return (error as Error).message;
    }
  }

  /** A new agent life over the same files. */
  async agent(): Promise<PID<MesosContainerizer>> {
    const runtime = new Runtime();
    this.#runtimes.push(runtime);
    const containerizer = runtime.spawn(
      new MesosContainerizer({
        paths: this.paths,
        files: this.files,
        host: this.host,
        executor: this.executor,
        provisioner: new FakeProvisioner(),
        launchers: [{ name: this.launcherName, launcher: this.#launcher(runtime) }],
        isolators: [
          runtime.spawn(new NetworkFilesIsolator(this.files, this.host)),
          runtime.spawn(new CgroupIsolator({ cgroups: this.cgroups, host: this.host, group: this.group })),
        ],
      }),
    );
    await containerizer.recover();
    return containerizer;
  }

  /** Ends the newest agent, not its containers. */
  async endAgent(): Promise<void> {
    await this.#runtimes.pop()?.finalize();
  }

  /** Runs a command to its end and answers how it ended and what it printed. */
  async run(
    containerizer: PID<MesosContainerizer>,
    argv: readonly string[],
    config: Partial<ContainerConfig> = {},
    options: LaunchOptions = {},
  ): Promise<ContainerTermination & { stdout: string; stderr: string }> {
    const id = await this.start(containerizer, argv, config, options);
    const termination = await containerizer.wait(id);
    return { ...termination, ...this.output(id) };
  }

  async start(
    containerizer: PID<MesosContainerizer>,
    argv: readonly string[],
    config: Partial<ContainerConfig> = {},
    options: LaunchOptions = {},
  ): Promise<string> {
    const id = `c${++this.#last}`;
    await containerizer.launch(
      id,
      containerConfig({ rootfs: this.rootfs, argv, stdio: 'sandbox', ...config }),
      options,
    );
    return id;
  }

  output(id: string): { stdout: string; stderr: string } {
    const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    return { stdout: read(this.paths.stdout(id)), stderr: read(this.paths.stderr(id)) };
  }

  /** What a launcher is asked for directly, in folders that are there. */
  request(id: string, argv: readonly string[]) {
    const runtimeDirectory = this.paths.container(id);
    for (const path of [runtimeDirectory, this.paths.sandbox(id)]) mkdirSync(path, { recursive: true });
    return {
      id,
      runtimeDirectory,
      stdio: { stdout: this.paths.stdout(id), stderr: this.paths.stderr(id) },
      rootfs: this.rootfs,
      argv,
      environment: { PATH: '/bin' },
      workingDirectory: '/',
      user: { uid: 0, gid: 0, additionalGids: [] },
      hostname: id,
      mounts: [],
      network: 'host' as const,
    };
  }

  async close(): Promise<void> {
    for (const runtime of this.#runtimes) await runtime.finalize();
    await this.executor.close();
    if (this.host.effectiveUserId === 0) await this.cgroups.remove(this.group);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A launcher of its own, on a runtime that ends with this world. */
  launcher(): LauncherPid {
    const runtime = new Runtime();
    this.#runtimes.push(runtime);
    return this.#launcher(runtime);
  }

  #launcher(runtime: Runtime): LauncherPid {
    const tools = { files: this.files, host: this.host, subprocesses: new LocalSubprocesses() };
    if (this.launcherName === 'linux') return runtime.spawn(new LinuxLauncher(tools));
    return runtime.spawn(
      new OciLauncher(this.launcherName, { ...tools, probeDirectory: `${this.paths.root}/runtime/probes` }),
    );
  }
}

/** Defines tests for each launcher that works here; of any other, a skipped one says why it does not. */
export async function describeRealWorlds(
  title: string,
  launchers: readonly LauncherName[],
  define: (world: RealWorld, name: LauncherName) => void,
): Promise<void> {
  const opened = await Promise.all(launchers.map(async (name) => [name, await RealWorld.open(name)] as const));
  describe.each(opened)(title, (name, world) => {
    if (typeof world === 'string') {
      it('cannot be started here', (context) => context.skip(world));
      return;
    }
    afterAll(() => world.close());
    define(world, name);
  });
}
