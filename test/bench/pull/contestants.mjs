import { execFile } from 'node:child_process';
import { rmSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AgentProcess } from '../../soak/agent/agent-process.mjs';
import { Containerd } from '../containerd.mjs';
import { Podman } from '../podman.mjs';
import { forgetPeak, peakMbOf, runWatched } from '../watched-process.mjs';

/*
 * Each contestant is made for a folder of its own, and has
 *   pull(reference)    gets an image that is not there: verified and unpacked. Answers `{ peakMb }`
 *   remove(reference)  makes it absent again, outside of what is measured
 *   pids               whose processor time counts beside that of the programs started for a pull
 *   close()
 */
const quietly = promisify(execFile);
const program = fileURLToPath(new URL('../../../packages/cli/bin/keelson.js', import.meta.url));

/** A resident agent and a client that is connected already, as `ctr` has its containerd. */
async function keelson(folder) {
  const agent = await AgentProcess.start(join(folder, 'root'), join(folder, 'log'));
  return {
    agent,
    pids: [agent.pid],
    async pull(reference) {
      forgetPeak(agent.pid);
      await agent.must('pull', reference);
      return { peakMb: peakMbOf(agent.pid) };
    },
    async remove() {
      await agent.must('prune', '--wait');
    },
    close: () => agent.end('SIGTERM'),
  };
}

/** The same as a command that owns the store for its own duration, so with the start of Node and of an agent. */
function commandLine(folder) {
  const words = (...command) => [program, '--root', join(folder, 'root'), '--quiet', ...command];
  return {
    pids: [],
    pull: (reference) => runWatched(process.execPath, words('pull', reference)),
    remove: () => quietly(process.execPath, words('prune')),
    close() {},
  };
}

async function containerd(folder) {
  const daemon = await Containerd.start(folder);
  return {
    pids: [daemon.pid],
    async pull(reference) {
      forgetPeak(daemon.pid);
      const { peakMb } = await runWatched('ctr', daemon.words('images', 'pull', '--plain-http', reference));
      return { peakMb: Math.max(peakMb, peakMbOf(daemon.pid)) };
    },
    remove: (reference) => daemon.ctr('images', 'rm', '--sync', reference),
    close: () => daemon.close(),
  };
}

async function podman(folder) {
  const own = new Podman(folder);
  await own.run('images');
  return {
    pids: [],
    pull: (reference) => runWatched('podman', own.words('pull', '-q', '--tls-verify=false', reference)),
    remove: (reference) => own.run('rmi', '-f', reference),
    close: () => own.close(),
  };
}

async function skopeo(folder) {
  await Promise.all([quietly('skopeo', ['--version']), quietly('umoci', ['--version'])]);
  const place = join(folder, 'image');
  return {
    pids: [],
    async pull(reference) {
      const copied = await runWatched('skopeo', ['copy', '-q', '--src-tls-verify=false', `docker://${reference}`, `oci:${place}:bench`]);
      const unpacked = await runWatched('umoci', ['unpack', '--image', `${place}:bench`, join(folder, 'bundle')]);
      return { peakMb: Math.max(copied.peakMb, unpacked.peakMb) };
    },
    async remove() {
      for (const name of ['image', 'bundle']) rmSync(join(folder, name), { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    },
    close() {},
  };
}

export const everybody = { keelson, commandLine, containerd, podman, skopeo };
