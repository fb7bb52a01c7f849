import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's docker-registry on a free port of loopback, with its data in `folder`. */
export class Registry {
  #requests = [];
  #marks = 0;
  #child;

  constructor(child) {
    this.#child = child;
  }

  static async start(folder) {
    mkdirSync(folder, { recursive: true });
    const configuration = join(folder, 'config.yml');
    writeFileSync(
      configuration,
      `version: 0.1\nlog: { level: info, formatter: json }\nstorage: { filesystem: { rootdirectory: ${join(folder, 'data')} } }\nhttp: { addr: "127.0.0.1:0" }\n`,
    );
    const child = spawn('docker-registry', ['serve', configuration], { stdio: ['ignore', 'pipe', 'pipe'] });
    const registry = new Registry(child);
    registry.host = await registry.#listening();
    return registry;
  }

  #listening() {
    let text = '';
    return new Promise((resolve, reject) => {
      const read = (chunk) => {
        const lines = (text += chunk).split('\n');
        text = lines.pop();
        for (const line of lines) {
          const host = /listening on (127\.0\.0\.1:\d+)/.exec(line);
          if (host) resolve(host[1]);
          const request = /"(GET|HEAD|PUT|POST|PATCH|DELETE) (\S+) HTTP\/1\.\d" (\d{3})/.exec(line);
          if (request) this.#requests.push(`${request[1]} ${request[2]}`);
        }
      };
      this.#child.stdout.on('data', read);
      this.#child.stderr.on('data', read);
      this.#child.once('error', reject);
      this.#child.once('exit', () => reject(new Error(`docker-registry ended: ${text}`)));
    });
  }

  /** What was asked since the last call. A marked request is logged after all that came before it. */
  async takeRequests() {
    const mark = `GET /v2/mark/${(this.#marks += 1)}/tags/list`;
    await fetch(`http://${this.host}${mark.slice('GET '.length)}`);
    while (!this.#requests.includes(mark)) await once(this.#child.stdout, 'data');
    return this.#requests.splice(0).filter((request) => request !== mark);
  }

  async stop() {
    const ended = once(this.#child, 'exit');
    this.#child.removeAllListeners('exit');
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await Promise.race([ended, once(this.#child, 'exit')]);
  }
}
