import { constants } from 'node:fs';

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/*
 * How files are opened here: through no link in the last component, and with O_NONBLOCK, for a fifo in the place of a
 * file must not hold a thread for ever.
 */
export const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
export const DIRECTORY = READ | O_DIRECTORY;
/** Creates it where it is missing. */
export const WRITE = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

/** For descriptors that Node did not open. The same on every architecture Node has binaries for. */
export const O_CLOEXEC = 0x8_0000;
