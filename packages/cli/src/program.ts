import { Command } from 'commander';
import type { Bind, CommandDefinition } from './command-definition.js';
import { agentCommand } from './commands/agent.js';
import { checkCommand } from './commands/check.js';
import { demoCommand } from './commands/demo.js';
import { destroyCommand } from './commands/destroy.js';
import { dfCommand } from './commands/df.js';
import { imagesCommand } from './commands/images.js';
import { inspectCommand } from './commands/inspect.js';
import { killCommand } from './commands/kill.js';
import { loadCommand } from './commands/load.js';
import { logsCommand } from './commands/logs.js';
import { metricsCommand } from './commands/metrics.js';
import { pinCommand } from './commands/pin.js';
import { planCommand } from './commands/plan.js';
import { provisionCommand } from './commands/provision.js';
import { pruneCommand } from './commands/prune.js';
import { psCommand } from './commands/ps.js';
import { pullCommand } from './commands/pull.js';
import { rmCommand } from './commands/rm.js';
import { runCommand } from './commands/run.js';
import { unpinCommand } from './commands/unpin.js';
import { untagCommand } from './commands/untag.js';
import { versionCommand } from './commands/version.js';
import { waitCommand } from './commands/wait.js';
import { whyCommand } from './commands/why.js';
import { declareGlobalOptions } from './global-options.js';

const definitions: readonly CommandDefinition[] = [
  demoCommand,
  agentCommand,
  pullCommand,
  loadCommand,
  imagesCommand,
  pinCommand,
  unpinCommand,
  untagCommand,
  runCommand,
  provisionCommand,
  psCommand,
  waitCommand,
  killCommand,
  logsCommand,
  rmCommand,
  destroyCommand,
  planCommand,
  pruneCommand,
  whyCommand,
  dfCommand,
  checkCommand,
  metricsCommand,
  inspectCommand,
  versionCommand,
];

const examples = `
Examples:
  $ keelson demo                              the whole tour in a temporary root: no registry, no daemon, no internet
  $ keelson run --rm alpine -- echo hello     pull, provision, launch, clean up
  $ keelson plan                              what prune would remove, and why the rest stays
  $ keelson prune --exclude alpine            remove every image and layer nobody uses, but alpine
  $ keelson why alpine                        the chain that keeps an image alive

The options above may also follow the command. "keelson COMMAND --help" explains each.

Exit status: 0 done, 1 failed (one line "keelson: CODE: message" on stderr), 2 bad usage.
"run" answers its container's own status; 125, 126 and 127 are its own, as in podman.`;

/** The command line of keelson: global options, and one sub-command a file. */
export function createProgram(bind: Bind): Command {
  const program = new Command('keelson')
    .description('Pulls images, runs containers from them, and removes exactly what nobody uses any more.')
    .usage('[options] COMMAND')
    .helpCommand(false)
    .enablePositionalOptions()
    .showHelpAfterError(false)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', examples);
  declareGlobalOptions(program, { hidden: false });
  for (const define of definitions) define(program, bind);
  // On the command that is called alone: an agent makes a program for every request.
  program.hook('preSubcommand', (_, command) => declareGlobalOptions(command, { hidden: true }));
  return program;
}
