import { Runtime, VirtualClock } from '@keelson/process';
import type { RuntimeOptions } from '@keelson/process';

/** A runtime whose time stands still until a test moves it. */
export function virtualRuntime(options: Omit<RuntimeOptions, 'clock'> = {}) {
  const clock = new VirtualClock();
  return { clock, runtime: new Runtime({ clock, ...options }) };
}
