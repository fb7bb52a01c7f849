/**
 * Numbers of system calls that the C library does not wrap, or wraps only in newer versions.
 *
 * From 424 on every architecture counts alike. arm64, riscv64 and loong64 share the generic table. Source:
 * Linux `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`.
 */
const generic = { mknodat: 33, pivotRoot: 41, getdents64: 61, renameat2: 276 };

const byArchitecture: Readonly<Record<string, typeof generic>> = {
  x64: { mknodat: 259, pivotRoot: 155, getdents64: 217, renameat2: 316 },
  arm64: generic,
  riscv64: generic,
  loong64: generic,
};

const unknown = { mknodat: 0, pivotRoot: 0, getdents64: 0, renameat2: 0 };

export const systemCallNumbers = {
  ...(byArchitecture[process.arch] ?? unknown),
  pidfdSendSignal: 424,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  pidfdOpen: 434,
  openat2: 437,
  pidfdGetfd: 438,
  mountSetattr: 442,
} as const;
