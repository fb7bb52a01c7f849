import type { RunResult } from '@keelson/os/ports';
import { collect, type Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { encodeRecord, type RecordFormat } from '@keelson/store';
import { processLimits } from './capabilities.js';
import { readRecord } from './containerizer-context.js';
import { ContainerizerError } from './containerizer-error.js';
import type { LauncherTools } from './monitored-process.js';
import { launcherEnvironment } from './monitored-process.js';
import { type OciRuntimeName, prefixOf, runArguments, type WorkingRuntime, writeBundle } from './oci-runtime.js';

export interface RuntimeTrialOptions extends LauncherTools {
  /** A folder of our own in which the runtime is tried out. */
  readonly probeDirectory: string;
}

/** Where systemd's hybrid layout mounts an empty cgroup v2 tree that crun 1.8 refuses to live beside. */
const hybridCgroup = '/sys/fs/cgroup/unified';

/**
 * A name no image has: a runtime that gets as far as not finding it can make namespaces, mounts and
 * cgroups here.
 */
const probeCommand = '/keelson-probe';

/** That a runtime worked, under which circumstances, and whether the hybrid cgroup had to be hidden. */
interface TrialRecord {
  readonly circumstances: string;
  readonly hidden: boolean;
}

const trialFormat: RecordFormat<TrialRecord> = {
  name: 'keelson-runtime-trial',
  version: 1,
  parse: (payload) => {
    const { circumstances, hidden } = payload as Partial<TrialRecord>;
    if (typeof circumstances !== 'string' || typeof hidden !== 'boolean') throw new Error('a field is missing');
    return { circumstances, hidden };
  },
};

type Answer = WorkingRuntime | Future<WorkingRuntime>;

/**
 * Finds out whether an OCI runtime works here by having it run something that no root filesystem has. That takes as
 * long as launching a container, so one that worked is believed as long as nothing has changed: the program, this
 * boot, our namespaces and what we may do. A launch that fails all the same is a reason to `forget` it.
 */
export class RuntimeTrial {
  #isBelieved = false;

  constructor(
    private readonly runtime: OciRuntimeName,
    private readonly options: RuntimeTrialOptions,
  ) {}

  /** Whether the runtime worked for an earlier agent, and was not tried out by this one. */
  get isBelieved(): boolean {
    return this.#isBelieved;
  }

  /** @throws ContainerizerError NO_LAUNCHER  with what the runtime said */
  run(): Future<WorkingRuntime> {
    return this.options.host.findProgram(this.runtime).then((program) => {
      if (program === undefined) throw new ContainerizerError('NO_LAUNCHER', `${this.runtime}: not installed`);
      return collect([this.#read('/proc/self/status'), this.#read('/proc/self/limits')] as const).then(
        ([status, limits]) =>
          this.#variants({ program, limits: processLimits(status, limits) }).then((variants) =>
            this.#remembered(variants, status),
          ),
      );
    });
  }

  /** Has the next trial be a real one. */
  forget(): Future<void> {
    return this.options.files.remove(this.#record);
  }

  /** The ways in which it may work; the plain one comes first. */
  #variants(plain: WorkingRuntime): Future<readonly WorkingRuntime[]> {
    const { files, host } = this.options;
    return collect([files.status(hybridCgroup), host.findProgram('unshare')] as const).then(([hybrid, unshare]) =>
      hybrid && unshare !== undefined ? [plain, { ...plain, hidden: { unshare, path: hybridCgroup } }] : [plain],
    );
  }

  #remembered(variants: readonly WorkingRuntime[], status: string): Future<WorkingRuntime> {
    return this.#circumstances(variants, status).then((circumstances) =>
      circumstances === undefined ? this.#tryEach(variants) : this.#believe(variants, circumstances),
    );
  }

  #believe(variants: readonly WorkingRuntime[], circumstances: string): Future<WorkingRuntime> {
    return readRecord(this.options.files, this.#record, trialFormat).then((known): Answer => {
      const holds = known?.circumstances === circumstances;
      const believed = holds ? variants.find(({ hidden }) => (hidden !== undefined) === known.hidden) : undefined;
      this.#isBelieved = believed !== undefined;
      return believed ?? this.#tryEach(variants).then((working) => this.#note(working, circumstances));
    });
  }

  #note(working: WorkingRuntime, circumstances: string): Future<WorkingRuntime> {
    const record = encodeRecord(trialFormat, { circumstances, hidden: working.hidden !== undefined });
    return this.options.files
      .write(this.#record, record)
      .recover(() => {})
      .then(() => working);
  }

  /** What a runtime's working depends on and what may change between two agents, as far as it can be told. */
  #circumstances(variants: readonly WorkingRuntime[], status: string): Future<string | undefined> {
    const { files } = this.options;
    const { program } = variants[0]!;
    const namespaces = ['cgroup', 'mnt', 'pid', 'user'].map((name) => files.readSymlink(`/proc/self/ns/${name}`));
    const rights = status.match(/^(Uid|Gid|Cap\w+|NoNewPrivs|Seccomp):.*$/gm);
    return files
      .realPath(program)
      .then((path) =>
        collect([files.status(path), this.#read('/proc/sys/kernel/random/boot_id'), collect(namespaces)] as const),
      )
      .then(([found, boot, spaces]): string | undefined => {
        const { device, inode, sizeBytes, modifiedAtMs } = found!;
        const hidden = variants.map((variant) => variant.hidden);
        return JSON.stringify([program, device, inode, sizeBytes, modifiedAtMs, boot, spaces, rights, hidden]);
      })
      .repair(() => undefined);
  }

  #tryEach([runtime, ...rest]: readonly WorkingRuntime[]): Future<WorkingRuntime> {
    return this.#tryRun(runtime!).then((result): Answer => {
      if (result.stderr.includes(probeCommand)) return runtime!;
      if (rest.length > 0) return this.#tryEach(rest);
      const said = result.stderr.trim().split('\n').at(-1) ?? '';
      throw new ContainerizerError('NO_LAUNCHER', `${this.runtime}: does not work here: ${said}`);
    });
  }

  #tryRun(runtime: WorkingRuntime): Future<RunResult> {
    const { files, subprocesses } = this.options;
    const runtimeDirectory = this.#directory;
    const rootfs = `${runtimeDirectory}/rootfs`;
    const id = 'probe';
    return files
      .makeDirectory(rootfs, { mode: 0o755 })
      .then(() => writeBundle(this.options, probeRequest(id, runtimeDirectory, rootfs), runtime.limits))
      .then(() => {
        const argv = [...prefixOf(runtime), ...runArguments(id, runtimeDirectory)];
        return subprocesses.run({ argv, environment: launcherEnvironment, timeoutMs: 20_000 });
      });
  }

  get #directory(): string {
    return `${this.options.probeDirectory}/${this.runtime}`;
  }

  get #record(): string {
    return `${this.#directory}/works`;
  }

  #read(path: string): Future<string> {
    return this.options.files
      .read(path, { maxBytes: 1 << 16 })
      .then((bytes) => new TextDecoder().decode(bytes));
  }
}

function probeRequest(id: ContainerId, runtimeDirectory: string, rootfs: string) {
  return {
    id,
    runtimeDirectory,
    rootfs,
    argv: [probeCommand],
    environment: { PATH: '/bin' },
    workingDirectory: '/',
    user: { uid: 0, gid: 0, additionalGids: [] },
    hostname: id,
    mounts: [],
    network: 'host' as const,
  };
}
