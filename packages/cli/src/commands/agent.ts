import type { Configuration } from '@keelson/agent';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { collectText } from '../collect-text.js';
import type { CommandDefinition } from '../command-definition.js';
import type { DockerFlags } from '../docker-settings.js';
import type { RawGlobalOptions } from '../global-options.js';
import type { Session } from '../session.js';
import { readVersion } from '../version.js';

interface AgentFlags extends DockerFlags {
  readonly config?: string;
  readonly listen?: string;
  readonly tokenFile?: string;
  readonly credentialsFile?: string;
  readonly set?: readonly string[];
}

export const agentCommand: CommandDefinition = (program, bind) => {
  program
    .command('agent')
    .description('serve the root until SIGTERM: every other command on it goes through this agent then')
    .option('--config <file>', 'settings in JSON; flags win over it')
    .option('--listen <host:port>', 'HTTP over TCP, too; a port alone is on loopback')
    .option('--token-file <file>', 'the token to be shown over TCP (default: one is made at ROOT/token)')
    .option('--credentials-file <file>', 'principals and their secrets, in JSON')
    .option('--set <name=value>', 'any setting of docs/configuration.md (may be repeated)', collectText)
    .option('--containerizers <list>', 'who may launch, in order: mesos, docker or mesos,docker (default: mesos)')
    .option('--docker-socket <path>', "the Docker engine's unix socket (default: /var/run/docker.sock)")
    .option('--docker-prune', "let a prune of images have the engine prune its own too")
    .addHelpText(
      'after',
      `
The first line on stdout, {"ready":true,"pid":…,"socket":…,"http":…}, comes once everything that an earlier agent
left is known again. It listens on ROOT/agent.sock ($XDG_RUNTIME_DIR/keelson/… where that path is too long), for its
own user alone, and with --listen over TCP, to who shows a token. Containers go on when it ends, whatever ends it.`,
    )
    .action(bind((session, command) => serveUntilStopped(session, command), { local: true }));
};

async function serveUntilStopped(session: Session, command: Command): Promise<void> {
  const { output, caller, runCommandLine } = session;
  const [{ AgentError }, { serveAgent }] = await Promise.all([
    import('@keelson/agent'),
    import('@keelson/agent/server'),
  ]);
  const { runHosted } = await import('../hosted-command.js');
  const stopping = new AbortController();
  const stopped = new Promise<void>((done) => {
    // Only the first is ours: whoever sends another does not want to wait.
    const stop = caller.signals.listen(() => {
      stop();
      stopping.abort();
      done();
    });
  });
  const { log: _log, onLockWait } = session.agentOptions();
  const served = await serveAgent(await configurationOf(session, command), {
    version: readVersion(),
    log: ({ level, message }) => void output.streams.stderr.write(`keelson: ${level}: ${message}\n`),
    run: (call, host) => runHosted(runCommandLine, call, host),
    signal: stopping.signal,
    ...(onLockWait && { onLockWait }),
  }).catch((error: unknown) => {
    // It was closed before it had started, as it was told to.
    if (stopping.signal.aborted && error instanceof AgentError && error.code === 'AGENT_CLOSED') return undefined;
    throw error;
  });
  if (served === undefined) return;
  const { agent, socket, http = null } = served;
  output.streams.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, socket, http })}\n`);
  const failure = await Promise.race([stopped, agent.failure.toPromise()]);
  await served.close();
  if (failure) {
    throw new AgentError('AGENT_STOPPED', `the agent stopped: ${failure.message}`, { cause: failure });
  }
}

/** Flags win over the file, and the file over what commands without an agent take. */
async function configurationOf({ options, caller }: Session, command: Command): Promise<Configuration> {
  const { readConfiguration, readSettingFlags } = await import('@keelson/agent/configuration');
  const { dockerSettingFlags } = await import('../docker-settings.js');
  const { config, listen, tokenFile, credentialsFile, set = [], ...dockerFlags } = command.opts<AgentFlags>();
  const path = (name: string): string => resolve(caller.workingDirectory, name);
  const { root, logLevel, lockTimeout } = command.optsWithGlobals<RawGlobalOptions>();
  const flags = {
    ...readSettingFlags([...set, ...dockerSettingFlags(dockerFlags, caller)]),
    ...(root !== undefined && { root: options.root }),
    ...(logLevel !== undefined && { logLevel }),
    ...(lockTimeout !== undefined && { lockTimeoutMs: options.lockTimeoutMs }),
    ...(listen !== undefined && { listen }),
    ...(tokenFile !== undefined && { tokenFile: path(tokenFile) }),
    ...(credentialsFile !== undefined && { credentialsFile: path(credentialsFile) }),
  };
  return readConfiguration(config === undefined ? undefined : path(config), flags, { root: options.root });
}
