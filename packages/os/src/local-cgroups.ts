import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { Future } from '@keelson/process';
import type { CgroupHierarchy } from './cgroup-hierarchies.js';
import { cgroupHierarchies, flatKeyed, limitFiles } from './cgroup-hierarchies.js';
import { fileError, toFileError } from './file-error.js';
import type { CgroupLimits, CgroupMemoryEvents, Cgroups } from './ports/cgroups.js';
import { signalPid } from './system-calls/process-descriptors.js';

/** The group that processes are in, below the one that holds the limits: version 2 wants them in leaves alone. */
export const MEMBERS = 'container';

const SIGKILL = 9;
/** How long killed processes may take to leave a group; one in the kernel's hands stays longer. */
const emptyWithinMs = 5_000;

/** Control groups of this machine, as it has them mounted. Looked at once. */
export class LocalCgroups implements Cgroups {
  #known: readonly CgroupHierarchy[] | undefined;
  readonly #mountInfo: () => string;

  /** @param mountInfo  what is mounted where; default: as this process sees it */
  constructor(mountInfo: () => string = () => readFileSync('/proc/self/mountinfo', 'utf8')) {
    this.#mountInfo = mountInfo;
  }

  create(group: string, limits: CgroupLimits): Future<readonly string[]> {
    return attempt(group, async () => {
      const members = new Set<string>();
      for (const [controller, value] of controlled(limits)) {
        const hierarchy = this.#of(controller, group);
        await makeGroups(hierarchy, `${group}/${MEMBERS}`);
        for (const [name, text] of limitFiles[controller][hierarchy.version](value)) {
          await writeFile(`${hierarchy.path}${group}/${name}`, text);
        }
        members.add(`${hierarchy.path}${group}/${MEMBERS}/cgroup.procs`);
      }
      return [...members];
    });
  }

  memoryEvents(group: string): Future<CgroupMemoryEvents> {
    return attempt(group, async () => {
      const { path, version } = this.#of('memory', group);
      const read = (name: string) => readFile(`${path}${group}/${name}`, 'utf8').catch(() => '');
      if (version === 2) {
        const events = await read('memory.events');
        return { oomKills: flatKeyed(events, 'oom_kill') ?? 0, limitHits: flatKeyed(events, 'max') ?? 0 };
      }
      // Version 1 counts kills where the victim was, and what a runtime removed counts no more.
      const oomKills = flatKeyed(await read(`${MEMBERS}/memory.oom_control`), 'oom_kill');
      const limitHits = Number(await read('memory.failcnt'));
      return { limitHits, ...(oomKills !== undefined && { oomKills }) };
    });
  }

  remove(group: string): Future<void> {
    // Looking costs next to nothing, and most groups were removed by the runtime that made them.
    const found = this.#hierarchies().filter(({ path }) => existsSync(`${path}${group}`));
    if (found.length === 0) return Future.ready(undefined);
    return attempt(group, async () => {
      for (const { path } of found) await removeGroup(`${path}${group}`);
    });
  }

  removeEmpty(group: string): Future<void> {
    return attempt(group, async () => {
      const inUse = unless('ENOENT', 'EBUSY', 'ENOTEMPTY');
      for (const { path } of this.#hierarchies()) await rmdir(`${path}${group}`).catch(inUse);
    });
  }

  list(group: string): Future<readonly string[]> {
    return attempt(group, async () => {
      const lists = await Promise.all(this.#hierarchies().map(({ path }) => groupsIn(`${path}${group}`)));
      return [...new Set(lists.flat())];
    });
  }

  #of(controller: string, group: string): CgroupHierarchy {
    const found = this.#hierarchies().find(({ controllers }) => controllers.includes(controller));
    if (found) return found;
    throw fileError('ENOTSUP', 'mkdir', group, `this machine has no cgroup controller '${controller}'`);
  }

  /** Read without waiting: files of /proc and of control groups are made in memory as they are read. */
  #hierarchies(): readonly CgroupHierarchy[] {
    this.#known ??= cgroupHierarchies(this.#mountInfo(), (path) => readFileSync(`${path}/cgroup.controllers`, 'utf8'));
    return this.#known;
  }
}

function controlled({ memoryBytes, cpus, processes }: CgroupLimits): ['memory' | 'cpu' | 'pids', number][] {
  const wanted = { memory: memoryBytes, cpu: cpus, pids: processes };
  return Object.entries(wanted).filter(([, value]) => value !== undefined) as ['memory', number][];
}

/** In version 2 a controller acts below a group only after it was handed down, one level after the other. */
async function makeGroups({ path, version, controllers }: CgroupHierarchy, group: string): Promise<void> {
  let at = path;
  for (const name of group.split('/').filter(Boolean)) {
    if (version === 2 && name !== MEMBERS) {
      const down = ['memory', 'cpu', 'pids'].filter((each) => controllers.includes(each));
      await writeFile(`${at}/cgroup.subtree_control`, down.map((each) => `+${each}`).join(' '));
    }
    at = `${at}/${name}`;
    await mkdir(at).catch(unless('EEXIST'));
  }
}

/** From the bottom up: a group with groups in it cannot be removed. */
async function removeGroup(path: string): Promise<void> {
  for (const name of await groupsIn(path)) await removeGroup(`${path}/${name}`);
  const giveUpAt = performance.now() + emptyWithinMs;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
    await killMembers(path);
    try {
      await rmdir(path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || performance.now() > giveUpAt) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

async function killMembers(path: string): Promise<void> {
  const members = await readFile(`${path}/cgroup.procs`, 'utf8').catch(() => '');
  for (const pid of members.split('\n').map(Number)) if (pid > 0) signalPid(pid, SIGKILL);
}

async function groupsIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(unless('ENOENT'));
  return (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function unless(...codes: readonly string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (codes.includes(error.code ?? '')) return undefined;
    throw error;
  };
}

function attempt<T>(group: string, operation: () => Promise<T>): Future<T> {
  return Future.from(
    operation().catch((error: unknown) => {
      throw toFileError(error, 'cgroup', group);
    }),
  );
}
