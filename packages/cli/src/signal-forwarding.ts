import { constants } from 'node:os';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
export type ForwardedSignal = (typeof forwarded)[number];

/** The number a shell adds to 128 when this signal ends a program. */
export function signalNumber(signal: ForwardedSignal): number {
  return constants.signals[signal];
}

/**
 * Hands the signals that a terminal or a supervisor sends us to `receive` instead of dying of them, until
 * disposed.
 */
export class SignalForwarding {
  readonly #listener: (signal: NodeJS.Signals) => void;

  constructor(receive: (signal: ForwardedSignal) => void) {
    this.#listener = (signal) => receive(signal as ForwardedSignal);
    for (const signal of forwarded) process.on(signal, this.#listener);
  }

  dispose(): void {
    for (const signal of forwarded) process.off(signal, this.#listener);
  }
}
