/** Signal numbers of Linux, the same on every architecture this runs on (x86, ARM, RISC-V). */
const numbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
};

const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name]));

/** The number of `SIGTERM`, `undefined` for an unknown name. */
export function signalNumber(name: string): number | undefined {
  return Object.hasOwn(numbers, name) ? numbers[name] : undefined;
}

/** The name of signal 15, `undefined` for an unknown or real-time number. */
export function signalName(number: number): string | undefined {
  return names.get(number);
}

/**
 * The full name of what a user typed: `KILL`, `sigkill` and `9` are all SIGKILL. `undefined` when it is
 * none.
 */
export function parseSignal(text: string): string | undefined {
  if (/^\d{1,2}$/.test(text)) return signalName(Number(text));
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  return signalNumber(name) === undefined ? undefined : name;
}
