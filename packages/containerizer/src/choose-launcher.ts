import { Future } from '@keelson/process';
import type { LauncherName } from './container-config.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';
import type { LauncherPid } from './launcher.js';

/** A launcher under its name, in the order in which they are tried. */
export interface NamedLauncher {
  readonly name: LauncherName;
  readonly launcher: Pick<LauncherPid, 'probe' | 'prepare' | 'launch' | 'destroy'>;
}

/**
 * The launcher asked for, else the first that works here. Each is tried out at most once in its life.
 *
 * @throws ContainerizerError NO_LAUNCHER  with the reason of each that was tried
 */
export function chooseLauncher(
  launchers: readonly NamedLauncher[],
  wanted?: LauncherName,
): Future<NamedLauncher> {
  const candidates = wanted === undefined ? launchers : launchers.filter(({ name }) => name === wanted);
  return tryEach(candidates, []);

  function tryEach(
    [first, ...rest]: readonly NamedLauncher[],
    reasons: readonly string[],
  ): Future<NamedLauncher> {
    if (!first) {
      const why =
        reasons.length > 0 ? reasons.join('; ') : `there is no launcher named '${wanted ?? 'any'}'`;
      return Future.failed(new ContainerizerError('NO_LAUNCHER', `No launcher works here: ${why}`));
    }
    return first.launcher
      .probe()
      .then((): NamedLauncher | Future<NamedLauncher> => first)
      .repair((failed) => tryEach(rest, [...reasons, messageOf(failed.failure())]));
  }
}
