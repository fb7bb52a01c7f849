/**
 * The first process of a container of the linux launcher: a script that `unshare` starts in the
 * container's new namespaces. It sets them up from the inside, gives up what a container may not have,
 * and becomes the program.
 *
 * Ends with 125 when it cannot set up, 126 when the program cannot be executed, 127 when it is not there;
 * why, it writes into the launcher's log. It must not touch `process.stdout` or `process.stdin`: Node
 * would make them non-blocking.
 */
import { closeSync, constants, mkdirSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  dropBoundingCapabilities,
  execve,
  FileError,
  resetSignals,
  setCapabilities,
  setGroups,
  setHostname,
  setNoNewPrivileges,
  setUser,
} from '@keelson/os/system-calls';
import { defaultCapabilities } from './capabilities.js';
import type { LinuxInitPlan } from './linux-init-plan.js';
import { assembleRoot } from './linux-init-root.js';

/** Set up, but there is no program to become. */
class NotExecuted extends Error {
  constructor(
    readonly exitStatus: 126 | 127,
    program: string,
    cause?: FileError,
  ) {
    super(`Cannot execute '${program}' in the container: ${cause?.code ?? 'ENOENT'}`, { cause });
  }
}

const [planPath = ''] = process.argv.slice(2);
const log = openSync(
  `${dirname(planPath)}/log`,
  constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
  0o600,
);
try {
  become(JSON.parse(readFileSync(planPath, 'utf8')) as LinuxInitPlan);
} catch (error) {
  writeSync(log, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof NotExecuted ? error.exitStatus : 125);
}

function become(plan: LinuxInitPlan): never {
  // Before the root changes: afterwards neither the file nor our number outside can be reached.
  const pidFile = openSync(
    `${dirname(planPath)}/pid`,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
    0o600,
  );
  const identity = identify();
  const groups = (plan.cgroup?.members ?? []).map((path) => openSync(path, constants.O_WRONLY));

  process.umask(0o022);
  if (!plan.joins) setHostname(plan.hostname);
  assembleRoot(plan);
  mkdirSync(plan.workingDirectory, { recursive: true });
  process.chdir(plan.workingDirectory);
  dropPrivileges(plan);
  resetSignals();

  // Late, so that little of this program's own memory counts against the container's limit.
  for (const each of groups) writeSync(each, '0');
  // Last: whoever reads this takes the container for running, with its limits.
  writeSync(pidFile, `${identity}\n`);
  closeSync(pidFile);
  execute(plan);
}

/**
 * This process as the host knows it: pid, start time and boot id. The `/proc` in sight is still the
 * host's.
 */
function identify(): string {
  const pid = readlinkSync('/proc/self');
  // The name in parentheses may hold anything; the start time is the 20th field after it (proc(5)).
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return `${pid} ${startTicks} ${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
}

/**
 * Capabilities go with the user id, unless it is root's. No new privileges last: from then on nothing can
 * be gained.
 */
function dropPrivileges({ user, capabilities, inUserNamespace }: LinuxInitPlan): void {
  const keep = capabilities
    .map((name) => defaultCapabilities[name])
    .filter((number) => number !== defaultCapabilities.CAP_MKNOD);
  dropBoundingCapabilities(keep);
  if (!inUserNamespace) {
    setGroups(user.additionalGids);
    setUser(user.uid, user.gid);
  }
  if (user.uid === 0) setCapabilities(keep);
  setNoNewPrivileges();
}

/** As execvp, but that a file in no format of the kernel's is not handed to a shell. */
function execute({ argv, environment }: LinuxInitPlan): never {
  const [program = ''] = argv;
  const paths = program.includes('/')
    ? [program]
    : (environment['PATH'] ?? '').split(':').map((each) => `${each || '.'}/${program}`);
  let denied: FileError | undefined;
  for (const path of paths) {
    try {
      execve(path, argv, environment);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') denied ??= error;
    }
  }
  throw new NotExecuted(denied ? 126 : 127, program, denied);
}
