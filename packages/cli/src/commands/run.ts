import { Option } from 'commander';
import { CliError } from '../cli-error.js';
import type { CommandDefinition } from '../command-definition.js';
import { collectText } from '../collect-text.js';
import type { RunFlags } from '../run-options.js';

export const runCommand: CommandDefinition = (program, bind) => {
  program
    .command('run')
    .description('run a container, and end with its exit status')
    .usage('[options] IMAGE [-- ARG…]\n       keelson run [options] --rootfs DIR -- ARG…')
    .argument('[words...]')
    .passThroughOptions()
    .option('--rootfs <dir>', 'use this folder as the root filesystem, in place, instead of an image')
    .option('--name <id>', 'name of the container (default: a new one)')
    .option('-d, --detach', 'leave it running, and print its name; "keelson logs" has what it writes')
    .option('--rm', 'remove the container when it has ended')
    .option(
      '-e, --env <name=value>',
      'set a variable; NAME alone passes ours on (may be repeated)',
      collectText,
    )
    .option(
      '-v, --volume <host:path[:ro]>',
      'mount a file or folder of the host (may be repeated)',
      collectText,
    )
    .option('-w, --workdir <dir>', 'working directory inside')
    .option('-u, --user <user>', "user, or user:group, by the image's own passwd and group files")
    .option('--memory <bytes>', 'limit of memory: bytes, or a number with k, m or g')
    .option('--cpus <number>', 'limit of processor time, for example 0.5')
    .option('--pids-limit <number>', 'limit of processes and threads')
    .addOption(
      new Option('--network <network>', 'which network it sees (default: host)').choices(['host', 'none']),
    )
    .addOption(
      new Option('--containerizer <name>', 'who runs it: keelson itself, or a Docker engine').choices([
        'mesos',
        'docker',
      ]),
    )
    .option('--docker-socket <path>', "the engine's socket, where no agent serves (default: /var/run/docker.sock)")
    .addOption(new Option('--launcher <launcher>', 'who starts it').choices(['crun', 'runc', 'linux']))
    .addOption(
      new Option('--backend <backend>', 'how its root filesystem is made').choices(['overlay', 'copy', 'bind']),
    )
    .addHelpText(
      'after',
      `
The image is pulled if it is not here. What follows it replaces the image's CMD. stdin, stdout and stderr are ours;
SIGINT, SIGTERM, SIGHUP and SIGQUIT are handed on. Meanwhile nobody owns the store: other commands work as usual.

Exit status: the container's own; 128+n if signal n ended it; 125 keelson failed, 126 the command cannot be executed,
127 the command was not found.`,
    )
    .action(
      bind(
        async (session, command) => {
          const { launchOptionsOf } = await import('../run-options.js');
          const { dockerSettingsOfRun } = await import('../docker-settings.js');
          const flags = command.opts<RunFlags>();
          const options = launchOptionsOf(flags, command.args, session.caller);
          if (flags.detach && flags.rm) throw new CliError('USAGE', '--detach and --rm exclude each other');
          const settings = dockerSettingsOfRun(flags, session.caller);
          if (flags.detach) {
            const { runDetached } = await import('../detached-run.js');
            return runDetached(session, options, settings);
          }
          const { runForeground } = await import('../foreground-run.js');
          return runForeground(session, options, { remove: flags.rm ?? false, settings });
        },
        { changes: ({ args }) => args[0] ?? 'a folder' },
      ),
    );
};
