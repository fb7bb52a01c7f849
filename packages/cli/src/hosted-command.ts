import type { Agent } from '@keelson/agent';
import type { CommandCall } from '@keelson/agent/server';
import type { Caller, RunCommandLine } from './caller.js';
import { isForwardedSignal } from './signal-source.js';
import type { TerminalStream } from './terminal/paint.js';

/** Runs a client's command line inside the agent it has reached, as if it were run at the client's side. */
export function runHosted(
  runCommandLine: RunCommandLine,
  call: CommandCall,
  host: { readonly agent: Agent; readonly root: string },
): Promise<number> {
  const { request, gone } = call;
  const { argv, workingDirectory, environment } = request;
  const stream = (name: 'stdout' | 'stderr'): TerminalStream => ({
    ...request[name],
    write: (chunk) => call.write(name, chunk),
    drained: () => call.drained(),
  });
  const caller: Caller = {
    streams: { stdout: stream('stdout'), stderr: stream('stderr'), environment },
    workingDirectory,
    signals: {
      listen: (receive) =>
        call.listen((signal) => {
          if (isForwardedSignal(signal)) receive(signal);
        }),
    },
    gone,
  };
  return runCommandLine(argv, caller, { ...host, call });
}
