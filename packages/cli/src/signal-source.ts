import { constants } from 'node:os';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** What a terminal or a supervisor sends a command that is to be handed to its container. */
export type ForwardedSignal = (typeof forwarded)[number];

export function isForwardedSignal(name: unknown): name is ForwardedSignal {
  return (forwarded as readonly unknown[]).includes(name);
}

/** The number a shell adds to 128 when this signal ends a program. */
export function signalNumber(signal: ForwardedSignal): number {
  return constants.signals[signal];
}

/** Where the signals of whoever gave a command come from. */
export interface SignalSource {
  /** Hands signals to `receive`, which are fatal otherwise, until the answered function is called. */
  listen(receive: (signal: ForwardedSignal) => void): () => void;
}

/** The signals of this process. */
export const processSignals: SignalSource = {
  listen(receive) {
    const listener = (signal: NodeJS.Signals): void => receive(signal as ForwardedSignal);
    for (const signal of forwarded) process.on(signal, listener);
    return () => {
      for (const signal of forwarded) process.off(signal, listener);
    };
  },
};
