import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { callAgent, decodeChunk, socketPathOf } from '@keelson/agent/client';

export const program = fileURLToPath(new URL('../../../packages/cli/bin/keelson.js', import.meta.url));

/** A real `keelson agent` on `root`; what it logs goes to the end of `logPath`. */
export class AgentProcess {
  constructor(root, child, startMs) {
    this.root = root;
    this.child = child;
    /** From the start of the program to its ready line. */
    this.startMs = startMs;
    /** How long its threads could have run meanwhile and had no processor, all together. */
    this.starvedMs = starvedMs(child.pid);
    this.gone = once(child, 'exit');
  }

  static async start(root, logPath) {
    const log = openSync(logPath, 'a');
    const startedAt = performance.now();
    const words = [program, '--root', root, '--log-level', 'info', '--lock-timeout', '10', 'agent'];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    let text = '';
    await new Promise((resolve, reject) => {
      child.stdout.on('data', (chunk) => (text += chunk).includes('"ready":true') && resolve());
      child.once('exit', (code, signal) => reject(new Error(`the agent ended with ${code ?? signal} before it was ready`)));
    });
    return new AgentProcess(root, child, performance.now() - startedAt);
  }

  get pid() {
    return this.child.pid;
  }

  /**
   * Runs a command through the agent's socket.
   *
   * @returns `{ exit, stdout, stderr, document }`, or `{ lost: true }` when the agent went away before it answered
   */
  async call(...argv) {
    let stdout = '';
    let stderr = '';
    const stream = { isTTY: false };
    const request = { argv: ['--root', this.root, '--json', ...argv], workingDirectory: '/', environment: {}, stdout: stream, stderr: stream };
    try {
      const exit = await callAgent(socketPathOf(this.root), request, (line) => {
        if ('stdout' in line) stdout += decodeChunk(line.stdout);
        if ('stderr' in line) stderr += decodeChunk(line.stderr);
      });
      if (exit === undefined) return { lost: true };
      return { exit, stdout, stderr, document: stdout.startsWith('{') ? JSON.parse(stdout) : undefined };
    } catch (error) {
      if (error.code === 'AGENT_GONE') return { lost: true };
      throw error;
    }
  }

  /** As `call`, for what has to succeed. */
  async must(...argv) {
    const answer = await this.call(...argv);
    if (answer.exit === 0) return answer.document;
    throw new Error(`keelson ${argv.join(' ')}: ${answer.lost ? 'the agent is gone' : `${answer.exit} ${answer.stderr}`}`);
  }

  async end(signal) {
    this.child.kill(signal);
    return this.gone;
  }
}

/** The second number of a schedstat file: nanoseconds on a run queue (sched-stats.rst of the kernel). */
function starvedMs(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const waits = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[1]));
  return waits.reduce((sum, wait) => sum + wait, 0) / 1e6;
}
