import type { BytePath } from '../file-error.js';

/** Flags of mount(2). */
export const MountFlag = {
  readOnly: 0x1,
  noSetuid: 0x2,
  noDevices: 0x4,
  noExecute: 0x8,
  remount: 0x20,
  noAccessTimes: 0x400,
  bind: 0x1000,
  move: 0x2000,
  recursive: 0x4000,
  private: 0x4_0000,
  slave: 0x8_0000,
  shared: 0x10_0000,
  relativeAccessTimes: 0x20_0000,
} as const;

/** What `mount` is told; every part but the target may be left out, as in mount(2). */
export interface MountCall {
  readonly source?: BytePath;
  readonly target: BytePath;
  readonly type?: string;
  /** `MountFlag`s, or-ed. */
  readonly flags?: number;
  /** Options of the file system. The kernel cuts them off after a page (4095 bytes), so we refuse: E2BIG. */
  readonly data?: string;
}
