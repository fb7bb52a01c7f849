/**
 * What the command's exit status means. `run` answers its container's own status beside these (as podman
 * does).
 */
export const ExitCode = {
  success: 0,
  failure: 1,
  usage: 2,
  /** EX_UNAVAILABLE of sysexits.h: the demo ran as far as a machine without a launcher lets it. */
  unavailable: 69,
  /** `run` itself failed, before or around the container. */
  runFailed: 125,
  notExecutable: 126,
  notFound: 127,
  /** Plus the signal's number, when a signal ended the container. */
  signalBase: 128,
} as const;
