import { constants } from 'node:os';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
export type ForwardedSignal = (typeof forwarded)[number];

/** The number a shell adds to 128 when this signal ends a program. */
export function signalNumber(signal: ForwardedSignal): number {
  return constants.signals[signal];
}

/** Hands the signals that a terminal or a supervisor sends us to `receive` instead of dying of them, until disposed. */
export class SignalForwarding {
  #receive: (signal: ForwardedSignal) => void;
  readonly #listener = (signal: NodeJS.Signals): void => this.#receive(signal as ForwardedSignal);

  constructor(receive: (signal: ForwardedSignal) => void) {
    this.#receive = receive;
    for (const signal of forwarded) process.on(signal, this.#listener);
  }

  redirect(receive: (signal: ForwardedSignal) => void): void {
    this.#receive = receive;
  }

  dispose(): void {
    for (const signal of forwarded) process.off(signal, this.#listener);
  }
}
