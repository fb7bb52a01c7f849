import type {
  Child,
  ChildOptions,
  Files,
  FileWatch,
  Host,
  ProcessIdentity,
  Subprocesses,
  WatchedFiles,
} from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { after, collect, select, Timeout } from '@keelson/process';
import { statusFileIn } from './container-paths.js';
import { ContainerizerError } from './containerizer-error.js';
import type { LaunchedProcess, LaunchPlace, ProcessRecord } from './launcher.js';

/** What launchers need of the machine. */
export interface LauncherTools {
  /** Those that are watched tell at once that a program has started. */
  readonly files: Files & Partial<WatchedFiles>;
  readonly host: Host;
  readonly subprocesses: Subprocesses;
  /** When to give up on a launching program that neither starts anything nor ends; default a minute. */
  readonly launchTimeoutMs?: number;
}

/** What the programs of launchers get of an environment. Ours is not theirs to see. */
export const launcherEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** The launcher's own files in a container's folder. */
export function launcherFiles(runtimeDirectory: string) {
  const directory = `${runtimeDirectory}/launcher`;
  return { directory, pid: `${directory}/pid`, log: `${directory}/log`, state: `${directory}/state` };
}

/** A mount point to take off in a mount namespace of its own. */
export interface HiddenMount {
  readonly unshare: string;
  readonly path: string;
}

/** How a program that launches a container is called. */
export interface MonitoredCommand {
  /** It writes the pid of the container's first process into `launcherFiles().pid` once that runs. */
  readonly argv: readonly string[];
  /** A mount that neither it nor its monitor shall see, and the `unshare` of util-linux that gives them their own. */
  readonly hidden?: HiddenMount;
}

/**
 * Waits for the launching program in a session of its own, and writes its exit status: in one write of a few
 * bytes that the shell does itself, for a program that renames it into place would double the time from the
 * container's end to its being told. Who reads takes a file without a whole line for none.
 *
 * One that `waits` starts the program when it reads a line, and ends when there will be none: with this process.
 *
 * The text is constant and gets its words as parameters. Handlers, not ignored signals: those the container
 * would inherit.
 */
const monitorScript = `status=$1 hidden=$2 waits=$3; shift 3
trap : HUP INT QUIT TERM
if [ -n "$waits" ]; then read -r _ || exit 125; exec < /dev/null; fi
if [ -n "$hidden" ]; then umount "$hidden" && "$@"; else "$@"; fi
code=$?
printf '%s\\n' "$code" > "$status"
exit "$code"`;

/** Starts the monitor of a container, which outlives us, and its launching program with it, unless it `waits`. */
export function startMonitor(
  { subprocesses }: LauncherTools,
  { argv, hidden }: MonitoredCommand,
  { runtimeDirectory, stdio }: Pick<LaunchPlace, 'runtimeDirectory' | 'stdio'>,
  { waits }: { readonly waits: boolean },
): Future<Child> {
  return subprocesses.spawn({
    argv: [
      ...(hidden ? [hidden.unshare, '--mount'] : []),
      '/bin/sh',
      '-c',
      monitorScript,
      'monitor',
      statusFileIn(runtimeDirectory),
      hidden?.path ?? '',
      waits ? 'waits' : '',
      ...argv,
    ],
    environment: launcherEnvironment,
    detached: true,
    stdin: waits ? 'pipe' : inputOf(stdio),
    stdout: stdio ? { path: stdio.stdout } : 'inherit',
    stderr: stdio ? { path: stdio.stderr } : 'inherit',
  });
}

function inputOf(stdio: LaunchPlace['stdio']): NonNullable<ChildOptions['stdin']> {
  if (!stdio) return 'inherit';
  return stdio.stdin === undefined ? 'ignore' : { descriptor: stdio.stdin };
}

/**
 * Has `start` start a container's launching program under its monitor. Answers once the program has told the pid of the
 * container's first process.
 *
 * @throws ContainerizerError COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, LAUNCH_FAILED  from its log
 */
export function startMonitored(
  tools: LauncherTools,
  runtimeDirectory: string,
  start: () => Future<Child>,
): Future<LaunchedProcess> {
  const { launchTimeoutMs: timeoutMs = 60_000 } = tools;
  const watch = tools.files.watch?.(launcherFiles(runtimeDirectory).pid);
  return start()
    .then((child) => {
      const giveUp = Timeout.in(timeoutMs);
      const monitor = tools.host.identify(child.pid);
      return awaitPid(tools, { runtimeDirectory, timeoutMs, child, watch, giveUp }).then((pid) =>
        identified(tools.host, child, { pid, monitor }),
      );
    })
    .onAny(() => watch?.close());
}

/**
 * Answers when the monitor of a process that was just ended has written its status: for one that nobody can
 * identify, so that nothing is written any more into folders that may be removed now. Gives up after five
 * seconds: a killed monitor writes nothing.
 */
export function monitorWrote(files: Files, runtimeDirectory: string, waitedMs = 0): Future<void> {
  return files.status(statusFileIn(runtimeDirectory)).then((status): void | Future<void> => {
    if ((status && status.sizeBytes > 0) || waitedMs >= 5000) return undefined;
    return after(20).then(() => monitorWrote(files, runtimeDirectory, waitedMs + 20));
  });
}

interface AwaitedStart {
  readonly runtimeDirectory: string;
  readonly timeoutMs: number;
  readonly child: Child;
  readonly watch: FileWatch | undefined;
  readonly giveUp: Timeout;
}

/**
 * Looks for the pid file whenever it has changed, until it holds a pid or the program is over. The runtimes write it
 * only for a process that really started.
 */
function awaitPid(tools: LauncherTools, start: AwaitedStart): Future<number> {
  const { runtimeDirectory, timeoutMs, child, watch, giveUp } = start;
  // Asked before the read: a program that is over now wrote the file before, or never.
  const over = !child.status.isPending();
  const { directory, pid } = launcherFiles(runtimeDirectory);
  return readPid(tools.files, pid).then((found): number | Future<number> => {
    if (found !== undefined) return found;
    if (over) return startFailure(tools.files, directory);
    if (giveUp.expired()) {
      child.kill('SIGKILL');
      throw new ContainerizerError('LAUNCH_FAILED', `Nothing started within ${timeoutMs} ms`);
    }
    const late = after(watch ? 200 : 3);
    return select<unknown>([late, child.status, ...(watch ? [watch.changed()] : [])]).then(() => {
      late.discard();
      return awaitPid(tools, start);
    });
  });
}

function readPid(files: Files, path: string): Future<number | undefined> {
  return files
    .read(path, { maxBytes: 128 })
    .then((bytes) => {
      const [, pid] = /^(\d+)(?: |\n|$)/.exec(new TextDecoder().decode(bytes)) ?? [];
      return pid === undefined ? undefined : Number(pid);
    })
    .repair(() => undefined);
}

/** @param monitor  asked for when it was started: it has nothing to wait for while the program works */
function identified(
  host: Host,
  child: Child,
  { pid, monitor: asked }: { readonly pid: number; readonly monitor: Future<ProcessIdentity | undefined> },
): Future<LaunchedProcess> {
  return collect([host.identify(pid), asked]).then(([process, monitor]) => {
    // A monitor that is over has reaped its child: what bears that number now may be somebody else.
    const over = !child.status.isPending();
    const identity: Omit<ProcessRecord, 'pid'> = over ? {} : { ...named({ process }), ...named({ monitor }) };
    const status = child.status.then((end): number | undefined | Future<undefined> => {
      if (end.exitCode !== undefined || !identity.process) return end.exitCode;
      // The monitor was killed, and the container lives on without one: how it ends, nobody will tell.
      return host.exited(identity.process).then(() => undefined);
    });
    return { pid, ...identity, status };
  });
}

function named<K extends string>(
  field: Record<K, ProcessIdentity | undefined>,
): Partial<Record<K, ProcessIdentity>> {
  return Object.values(field)[0] === undefined ? {} : (field as Record<K, ProcessIdentity>);
}

/** Fails with what the launching program said last. */
function startFailure(files: Files, directory: string): Future<never> {
  return files
    .read(`${directory}/log`, { maxBytes: 1 << 20 })
    .then((bytes) => new TextDecoder().decode(bytes))
    .repair(() => '')
    .then((log) => {
      throw startError(log);
    });
}

/** The error behind the last line of a runtime's log. Texts seen of runc 1.1 and crun 1.8. */
export function startError(log: string): ContainerizerError {
  const last = log.trimEnd().split('\n').at(-1) ?? '';
  const text = (/msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1] ?? last).replaceAll('\\"', '"');
  if (/not found in \$PATH|exec: .*stat [^:]+: no such file or directory|executable .*No such file/.test(text)) {
    return new ContainerizerError('COMMAND_NOT_FOUND', text);
  }
  if (/exec: .*permission denied|open executable|exec format error/i.test(text)) {
    return new ContainerizerError('COMMAND_NOT_EXECUTABLE', text);
  }
  return new ContainerizerError('LAUNCH_FAILED', text || 'The launching program ended without a word');
}
