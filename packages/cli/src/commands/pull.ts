import type { Platform, PullResult } from '@keelson/agent';
import { absoluteSource } from '../absolute-source.js';
import { CliError } from '../cli-error.js';
import type { CommandDefinition } from '../command-definition.js';
import { allArguments } from '../command-definition.js';
import { loginOf } from '../registry-login.js';

export const pullCommand: CommandDefinition = (program, bind) => {
  program
    .command('pull')
    .description('fetch images and unpack their layers')
    .argument(
      '<ref...>',
      'alpine, docker.io/library/alpine:3.20, localhost:5000/app@sha256:…, oci:DIR[:TAG], docker-archive:FILE[:TAG]',
    )
    .option('--force', 'ask the source again, even for an image that is here')
    .option('--platform <os/arch[/variant]>', 'take this platform instead of the one of this machine')
    .option('--creds <user:password>', 'show these to the registry, and to no other')
    .option('--authfile <file>', 'take credentials from here instead of $REGISTRY_AUTH_FILE or the usual places')
    .option('--insecure', 'speak plain http, also to a registry that is not on a loopback address')
    .addHelpText(
      'after',
      `
Each blob is fetched once, however many images share it, and every digest is checked before anything becomes visible.
Registries on loopback addresses are spoken to in plain http. Credentials are those of docker login or podman login.`,
    )
    .action(
      bind(
        async (session, command) => {
          const { force, platform, creds, authfile, insecure } = command.opts<PullFlags>();
          const wanted = platform === undefined ? undefined : await readPlatform(platform);
          const [{ drawnPull }, { tellOfPulled }] = await Promise.all([
            import('../drawn-pull.js'),
            import('../terminal/pulled-text.js'),
          ]);
          const options = {
            ...(force && { force }),
            ...(insecure && { insecure }),
            login: loginOf({ ...(creds && { creds }), ...(authfile && { authfile }) }, session.caller),
            ...(wanted && { platform: wanted }),
          };
          const images = await session.withAgent(async (agent) => {
            const pulled: PullResult[] = [];
            for (const reference of command.args) {
              const source = absoluteSource(reference, session.caller.workingDirectory);
              const all = await drawnPull(session.output, reference, (onProgress) =>
                session.answer(
                  isArchive(source)
                    ? agent.load(source, { ...options, onProgress })
                    : agent.pull(source, { ...options, onProgress }).then((image) => [image]),
                ),
              );
              pulled.push(...all);
            }
            return pulled;
          });
          tellOfPulled(session.output, images);
        },
        { changes: allArguments },
      ),
    );
};

interface PullFlags {
  readonly force?: boolean;
  readonly platform?: string;
  readonly creds?: string;
  readonly authfile?: string;
  readonly insecure?: boolean;
}

/** An archive stands for all its images, unless one is selected. */
function isArchive(source: string): boolean {
  return /^(oci|docker)-archive:/.test(source);
}

async function readPlatform(text: string): Promise<Platform> {
  const { parsePlatform } = await import('@keelson/agent');
  try {
    return parsePlatform(text);
  } catch (error) {
    throw new CliError('USAGE', `--platform: ${(error as Error).message}`, { cause: error });
  }
}
