import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./erlang.escript', import.meta.url));

/** Why Erlang cannot take part, or undefined where `escript` is installed. */
export function whyNoErlang() {
  return spawnSync('escript', [], { stdio: 'ignore' }).error ? '`erl` is not installed' : undefined;
}

/**
 * A contestant that runs one load of erlang.escript in an operating system process of its own.
 *
 * It reports CPU nanoseconds per operation itself, taken inside the emulator, so its start is not counted.
 */
export function erlang(load, operations) {
  return {
    operations,
    skip: whyNoErlang,
    prepare: () => (count) => Number(execFileSync('escript', [script, load, String(count)], { encoding: 'utf8' })),
  };
}
