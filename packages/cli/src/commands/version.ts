import type { CommandDefinition } from '../command-definition.js';
import { readVersion } from '../version.js';

export const versionCommand: CommandDefinition = (program, bind) => {
  program
    .command('version')
    .description('print the version of keelson and of Node.js')
    .action(
      bind(
        async ({ output }) => {
          const versions = { version: readVersion(), node: process.versions.node };
          output.result(versions, () => [`keelson ${versions.version}`]);
        },
        { local: true },
      ),
    );
};
