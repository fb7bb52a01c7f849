import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const quietly = promisify(execFile);

/** A containerd of its own, with everything in `folder`, so that one that serves the machine is left alone. */
export class Containerd {
  constructor(folder, child) {
    this.address = join(folder, 'containerd.sock');
    this.child = child;
  }

  static async start(folder) {
    mkdirSync(folder, { recursive: true });
    const log = openSync(join(folder, 'log'), 'a');
    const configuration = join(folder, 'config.toml');
    writeFileSync(configuration, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const at = (name) => join(folder, name);
    const words = ['--config', configuration, '--root', at('root'), '--state', at('state'), '--address', at('containerd.sock')];
    const child = spawn('containerd', words, { stdio: ['ignore', log, log] });
    closeSync(log);
    const failed = once(child, 'error').then(([error]) => error);
    const containerd = new Containerd(folder, child);
    for (;;) {
      const gone = await Promise.race([failed, pause(20)]);
      if (gone) throw gone;
      if (child.exitCode !== null) throw new Error(`containerd ended: ${readFileSync(at('log'), 'utf8').slice(-500)}`);
      if (existsSync(containerd.address) && (await containerd.ctr('version').then(() => true, () => false))) return containerd;
    }
  }

  get pid() {
    return this.child.pid;
  }

  /** The words of a `ctr` command. */
  words(...command) {
    return ['--address', this.address, '--namespace', 'bench', ...command];
  }

  async ctr(...command) {
    const { stdout } = await quietly('ctr', this.words(...command), { maxBuffer: 1 << 28 });
    return stdout;
  }

  async close() {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}
