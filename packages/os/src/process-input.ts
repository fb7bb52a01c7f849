import { closeSync, constants, fstatSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { hasNative } from './system-calls/native.js';
import { copyDescriptor } from './system-calls/process-descriptors.js';

/** The standard input of a process of this machine, and how to tell that it is the one that was meant. */
export interface InputPlace {
  readonly pid: number;
  readonly device: number;
  readonly inode: number;
}

/** A descriptor of ours, for as long as it is not closed. */
export interface OpenInput {
  readonly descriptor: number;
  close(): void;
}

/**
 * Opens the standard input of another process, so that it can be handed on. It is the same open file where the kernel
 * gives a copy of the descriptor (pidfd_getfd, which takes the right to trace that process), else the file is opened
 * again, which cannot be done with a socket.
 *
 * Answers `undefined` where neither can be had, or where it is not the file that was meant: whoever named the process
 * may live among other numbers.
 */
export async function openInput({ pid, device, inode }: InputPlace): Promise<OpenInput | undefined> {
  const isMeant = (found: Identity): boolean => found.dev === device && found.ino === inode;
  return copied(pid, isMeant) ?? (await reopened(`/proc/${pid}/fd/0`, isMeant));
}

interface Identity {
  readonly dev: number;
  readonly ino: number;
}

function copied(pid: number, isMeant: (found: Identity) => boolean): OpenInput | undefined {
  if (!hasNative()) return undefined;
  let descriptor: number;
  try {
    descriptor = copyDescriptor(pid, 0);
  } catch {
    return undefined;
  }
  const close = (): void => closeSync(descriptor);
  if (isMeant(fstatSync(descriptor))) return { descriptor, close };
  close();
  return undefined;
}

async function reopened(path: string, isMeant: (found: Identity) => boolean): Promise<OpenInput | undefined> {
  const unneeded: FileHandle[] = [];
  try {
    const found = await stat(path);
    if (!isMeant(found)) return undefined;
    // To open a named pipe that nobody writes to any more would wait for ever; with a writer of our own it does not.
    if (found.isFIFO()) unneeded.push(await open(path, constants.O_RDWR));
    // A terminal must not become that of this process.
    const input = await open(path, constants.O_RDONLY | constants.O_NOCTTY);
    if (isMeant(await input.stat())) return { descriptor: input.fd, close: () => void input.close() };
    unneeded.push(input);
    return undefined;
  } catch {
    return undefined;
  } finally {
    for (const each of unneeded) await each.close();
  }
}
