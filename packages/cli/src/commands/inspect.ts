import type { Caller } from '../caller.js';
import type { CommandDefinition } from '../command-definition.js';

export const inspectCommand: CommandDefinition = (program, bind) => {
  program
    .command('inspect')
    .description('show what the agent is doing, on a page: its actors, statecharts, messages, locks and store')
    .addHelpText(
      'after',
      `
Prints the address of a page that is served on this machine alone; its token stands behind the #, where no server sees
it. The page asks nothing of the internet. Without a running agent one is started for it, until Ctrl-C.`,
    )
    .action(
      bind(async (session) => {
        const { output, caller } = session;
        await session.withAgent(async (agent) => {
          const address = await agent.inspect();
          output.result({ address }, () => [address]);
          if (session.hosted) return;
          output.notice('Ctrl-C ends the page and its agent');
          await signalled(caller);
        });
      }),
    );
};

/** Settles with the first signal, or when nobody is left to send one. */
function signalled({ signals, gone }: Pick<Caller, 'signals' | 'gone'>): Promise<void> {
  return new Promise((resolve) => {
    // Neither a page nor an idle agent keeps a process alive.
    const alive = setInterval(() => {}, 60_000);
    const end = (): void => {
      clearInterval(alive);
      stop();
      resolve();
    };
    const stop = signals.listen(end);
    gone.addEventListener('abort', end, { once: true });
    if (gone.aborted) end();
  });
}
