import type { CommandDefinition } from '../command-definition.js';
import type { DockerFlags } from '../docker-settings.js';
import { readVersion } from '../version.js';

export const agentCommand: CommandDefinition = (program, bind) => {
  program
    .command('agent')
    .description('serve the root until SIGTERM: every other command on it goes through this agent then')
    .option('--containerizers <list>', 'who may launch, in order: mesos, docker or mesos,docker (default: mesos)')
    .option('--docker-socket <path>', "the Docker engine's unix socket (default: /var/run/docker.sock)")
    .option('--docker-prune', "let a prune of images have the engine prune its own too")
    .addHelpText(
      'after',
      `
The first line on stdout, {"ready":true,"pid":…,"socket":…,"http":null}, comes once everything that an earlier agent
left is known again. It listens on ROOT/agent.sock ($XDG_RUNTIME_DIR/keelson/… where that path is too long), for its
own user alone. Containers go on when it ends, whatever ends it.`,
    )
    .action(
      bind(
        async (session, command) => {
          const { output, caller, runCommandLine } = session;
          const { AgentError, serveAgent } = await import('@keelson/agent');
          const { dockerSettingsOf } = await import('../docker-settings.js');
          const settings = dockerSettingsOf(command.opts<DockerFlags>(), session.caller);
          const { runHosted } = await import('../hosted-command.js');
          const stopped = new Promise<void>((resolve) => {
            // Only the first is ours: whoever sends another does not want to wait.
            const stop = caller.signals.listen(() => {
              stop();
              resolve();
            });
          });
          const served = await serveAgent({ ...session.agentOptions(), ...settings }, {
            version: readVersion(),
            run: (call, host) => runHosted(runCommandLine, call, host),
          });
          const { agent, socket } = served;
          const ready = { ready: true, pid: process.pid, socket, http: null };
          output.streams.stdout.write(`${JSON.stringify(ready)}\n`);
          const failure = await Promise.race([stopped, agent.failure.toPromise()]);
          await served.close();
          if (failure) {
            throw new AgentError('AGENT_STOPPED', `the agent stopped: ${failure.message}`, { cause: failure });
          }
        },
        { local: true },
      ),
    );
};
