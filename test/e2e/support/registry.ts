import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../support/needs.js';

/** One line of the registry's access log. */
export interface Access {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface Registry {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Requests served since the last call. */
  takeAccesses(): Promise<readonly Access[]>;
  stop(): Promise<void>;
}

/** Debian's docker-registry on a free loopback port, with its data in `folder`. */
export async function startRegistry(folder: string): Promise<Registry> {
  mkdirSync(folder, { recursive: true });
  const configuration = join(folder, 'config.yml');
  writeFileSync(
    configuration,
    `version: 0.1
log: { level: info, formatter: json }
storage: { filesystem: { rootdirectory: ${join(folder, 'data')} }, delete: { enabled: true } }
http: { addr: "127.0.0.1:0" }
`,
  );
  const child = spawn(findProgram('docker-registry') as string, ['serve', configuration], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const accesses: Access[] = [];
  let text = '';
  const address = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      const lines = text.split('\n');
      text = lines.pop() as string;
      for (const line of lines) {
        const listening = /listening on (127\.0\.0\.1:\d+)/.exec(line);
        if (listening) resolve(listening[1] as string);
        const access = /"(GET|HEAD|PUT|POST|PATCH|DELETE) (\S+) HTTP\/1\.\d" (\d{3})/.exec(line);
        if (access) accesses.push({ method: access[1]!, path: access[2]!, status: Number(access[3]) });
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`docker-registry ended:\n${text}`)));
  });
  let marks = 0;
  return {
    address,
    /** A marked request is logged after all that came before it: once it shows, the log is complete. */
    async takeAccesses() {
      const mark = `/v2/mark/${(marks += 1)}/tags/list`;
      await fetch(`http://${address}${mark}`);
      while (!accesses.some((access) => access.path === mark)) await once(child.stdout, 'data');
      return accesses.splice(0).filter((access) => !access.path.startsWith('/v2/mark/'));
    },
    async stop() {
      const ended = once(child, 'exit');
      child.removeAllListeners('exit');
      const done = child.exitCode === null ? once(child, 'exit') : ended;
      child.kill('SIGTERM');
      await done;
    },
  };
}
