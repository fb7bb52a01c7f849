import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../support/needs.js';
import { written } from '../../support/watched-files.js';
import { mountsBelow } from './mounts.js';

/** What one engine answered. */
export interface EngineReply {
  readonly status: number | undefined;
  readonly body: any;
}

/**
 * A Docker engine of our own: its data, its state, its containerd and its socket lie in one folder. It touches no
 * firewall and makes no bridge, so it disturbs no other.
 */
export class Dockerd {
  readonly folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kd-'));
  readonly socket = join(this.folder, 's');
  #child: ChildProcess | undefined;

  /** Answers once it listens. */
  async start(): Promise<void> {
    const config = join(this.folder, 'config.json');
    writeFileSync(config, '{}');
    // Anew: what an earlier life said must not pass for this one's.
    const log = openSync(join(this.folder, 'log'), 'w');
    const at = (name: string): string => join(this.folder, name);
    const words = ['--config-file', config, '--data-root', at('data'), '--exec-root', at('x'), '--pidfile', at('pid')];
    words.push('-H', `unix://${this.socket}`, '--iptables=false', '--ip6tables=false', '--bridge=none');
    const child = spawn(findProgram('dockerd')!, words, { stdio: ['ignore', log, log] });
    this.#child = child;
    const ended = once(child, 'exit').then(() => {
      throw new Error(`dockerd ended: ${readFileSync(at('log'), 'utf8').slice(-2000)}`);
    });
    ended.catch(() => {});
    await Promise.race([ended, written(at('log'), 'API listen on')]);
  }

  /** With SIGTERM it ends what it runs; SIGKILL gives it no chance to. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Stops it and removes all of it. */
  async remove(): Promise<void> {
    await this.stop();
    this.#killContainerd();
    for (const target of mountsBelow(this.folder).toReversed()) execFileSync('umount', ['-l', target]);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Asks the engine itself, past what is tested. */
  ask(method: string, path: string, body?: object): Promise<EngineReply> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      request({ socketPath: this.socket, method, path, headers, agent: false }, async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve({ status: response.statusCode, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text });
      })
        .on('error', reject)
        .end(body && JSON.stringify(body));
    });
  }

  /** A dockerd that was killed leaves its containerd. */
  #killContainerd(): void {
    const path = join(this.folder, 'x/containerd/containerd.pid');
    if (!existsSync(path)) return;
    const pid = Number(readFileSync(path, 'utf8'));
    const isOurs = existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.folder);
    if (isOurs) process.kill(pid, 'SIGKILL');
  }
}
