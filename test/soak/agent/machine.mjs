import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What the kernel and the disk show of an agent's root, read without asking the agent. */
export class Machine {
  constructor(root) {
    this.root = root;
    this.group = `keelson/${createHash('sha256').update(root).digest('hex').slice(0, 16)}`;
  }

  /** Ids of containers with a mount below the root. */
  mounted() {
    const targets = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '');
    return unique(targets.filter((target) => target.startsWith(`${this.root}/`)).map((target) => containerIn(target, 'provisioner/containers')));
  }

  /** Ids of containers with a control group in any hierarchy. */
  groups() {
    const hierarchies = readFileSync('/proc/self/mountinfo', 'utf8').match(/^.* - cgroup2? .*$/gm) ?? [];
    return unique(hierarchies.flatMap((line) => namesIn(join(line.split(' ')[4], this.group), { directories: true })));
  }

  /** Processes that launch or watch a container of the root, or are zombies of `agentPid`: `{ pid, text, id }`. */
  helpers(agentPid) {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      const text = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      const stat = read(`/proc/${pid}/stat`);
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' && Number(parent) === agentPid) return [{ pid: Number(pid), text: 'zombie', id: undefined }];
      if (Number(pid) === agentPid || Number(pid) === process.pid || !text.includes(`${this.root}/`)) return [];
      return [{ pid: Number(pid), text, id: containerIn(text, 'runtime/containers') }];
    });
  }

  /** Open files of a process, as the kernel names them. */
  descriptors(pid) {
    return namesIn(`/proc/${pid}/fd`).flatMap((name) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${name}`)];
      } catch {
        return [];
      }
    });
  }

  names(path) {
    return namesIn(join(this.root, path));
  }

  /** What a container shows of a file of its own, `undefined` when it cannot be read. */
  inside(pid, path) {
    return read(`/proc/${pid}/root/${path}`) || undefined;
  }

  isAlive(pid) {
    const stat = read(`/proc/${pid}/stat`);
    return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  }
}

/** Processes end on their own time: asks again until `look` answers nothing wrong, or the time is over. */
export async function eventually(look, withinMs = 5_000) {
  const until = performance.now() + withinMs;
  for (;;) {
    const wrong = await look();
    if (wrong === undefined || performance.now() > until) return wrong;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function containerIn(text, folder) {
  const found = new RegExp(`${folder}/([^/ ]+)`).exec(text);
  return found?.[1] ?? text;
}

function namesIn(path, { directories = false } = {}) {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).filter((entry) => !directories || entry.isDirectory()).map(({ name }) => name);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function unique(list) {
  return [...new Set(list)].toSorted();
}
