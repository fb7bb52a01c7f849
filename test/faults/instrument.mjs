import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { constants as os } from 'node:os';

/**
 * Counts, stops and fails the calls with which a program changes a disk. Must be loaded before the packages it is to
 * watch: they keep the functions they find.
 *
 * Only what runs `inside` a life is watched. A life that was killed makes no further change: what it awaits never
 * comes, and what it calls throws, so one process can live through thousands of deaths.
 */
const lives = new AsyncLocalStorage();

/** The call that ended a life. It is thrown through synchronous code, whose clean-up must change nothing either. */
export class Killed extends Error {
  name = 'Killed';
}

/** One life of an agent, and what befalls it: at the `at`-th change it is killed, or the change fails with `errno`. */
export class Life {
  changes = 0;
  dead = false;
  /** What happened at the point, for messages. */
  point = undefined;
  /** Changes outside of `roots`. */
  strayed = [];

  constructor({ at = Infinity, errno, roots = [] } = {}) {
    Object.assign(this, { at, errno, roots });
  }

  inside(work) {
    return lives.run(this, work);
  }

  /** Answers the errno to fail with, if any. @throws Killed */
  enter(name, path) {
    if (this.dead) throw new Killed(name);
    this.changes += 1;
    if (typeof path === 'string' && path.startsWith('/') && !isWithin(path, this.roots)) this.strayed.push(`${name} ${path}`);
    if (this.changes !== this.at) return undefined;
    this.point = `${name} ${typeof path === 'string' ? path : ''}`;
    if (this.errno !== undefined) return this.errno;
    this.onPoint?.();
    this.dead = true;
    throw new Killed(name);
  }
}

function isWithin(path, roots) {
  return path.startsWith('/proc/self/fd/') || path === '/dev/null' || roots.some((root) => path === root || path.startsWith(`${root}/`));
}

function failure(errno, name, path) {
  return Object.assign(new Error(`${errno}: injected, ${name} '${path}'`), { code: errno, errno: -os.errno[errno], syscall: name, path });
}

function textOf(path) {
  return Buffer.isBuffer(path) ? path.toString('latin1') : path;
}

const opensForChange = (flags) =>
  typeof flags === 'string' ? /[wa+]/.test(flags) : ((flags ?? 0) & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0;

function guardSync(owner, name, counts = () => true) {
  const original = owner[name];
  owner[name] = function (...args) {
    const life = lives.getStore();
    if (!life || !counts(...args)) return original.apply(this, args);
    const errno = life.enter(name, textOf(args[0]));
    if (errno) throw failure(errno, name, textOf(args[0]));
    return original.apply(this, args);
  };
}

function guardCallback(name, counts = () => true) {
  const original = fs[name];
  fs[name] = function (...args) {
    const life = lives.getStore();
    const done = args.at(-1);
    if (!life || typeof done !== 'function' || !counts(...args)) return original.apply(this, args);
    let errno;
    try {
      errno = life.enter(name, textOf(args[0]));
    } catch {
      return undefined;
    }
    if (errno) return void process.nextTick(done, failure(errno, name, textOf(args[0])));
    args[args.length - 1] = (...answer) => void (life.dead || done(...answer));
    return original.apply(this, args);
  };
}

function guardPromise(owner, name, counts = () => true) {
  const original = owner[name];
  owner[name] = function (...args) {
    const life = lives.getStore();
    if (!life || !counts(...args)) return original.apply(this, args);
    let errno;
    try {
      errno = life.enter(name, typeof args[0] === 'string' ? args[0] : undefined);
    } catch {
      return new Promise(() => {});
    }
    if (errno) return Promise.reject(failure(errno, name, String(args[0]).slice(0, 80)));
    return original.apply(this, args).finally(() => (life.dead ? new Promise(() => {}) : undefined));
  };
}

for (const name of ['mkdirSync', 'rmdirSync', 'unlinkSync', 'renameSync', 'linkSync', 'symlinkSync', 'fsyncSync']) guardSync(fs, name);
for (const name of ['fchmodSync', 'fchownSync', 'lchownSync', 'chmodSync', 'writeSync', 'copyFileSync', 'ftruncateSync']) guardSync(fs, name);
guardSync(fs, 'openSync', (_, flags) => opensForChange(flags));
for (const name of ['mkdir', 'rmdir', 'unlink', 'rename', 'link', 'symlink', 'lchown', 'chmod', 'write', 'fsync']) guardCallback(name);
guardCallback('open', (_, flags) => opensForChange(flags));
for (const name of ['mkdir', 'rmdir', 'unlink', 'rename']) guardPromise(fsp, name);
guardPromise(fsp, 'open', (_, flags) => opensForChange(flags));
const handle = await fsp.open('/dev/null');
const prototype = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['write', 'writeFile', 'appendFile', 'sync', 'datasync', 'truncate']) guardPromise(prototype, name);
syncBuiltinESMExports();

/** The same for the system calls that go past Node. */
const koffi = createRequire(new URL('../../packages/os/package.json', import.meta.url))('koffi');
const watched = new Set(['unlinkat', 'lsetxattr', 'lremovexattr', 'utimensat', 'syncfs', 'mknod', 'mount', 'umount2']);
const { load, errno: lastErrno } = koffi;
let injected;
koffi.errno = (...value) => {
  const wanted = injected;
  injected = undefined;
  return wanted ?? lastErrno(...value);
};
koffi.load = function (...from) {
  const library = load.apply(this, from);
  return {
    func(symbol, ...types) {
      const call = library.func(symbol, ...types);
      if (!watched.has(symbol)) return call;
      const guarded = (...args) => {
        const errno = lives.getStore()?.enter(symbol);
        if (!errno) return call(...args);
        injected = os.errno[errno];
        return -1;
      };
      guarded.async = (...args) => {
        const life = lives.getStore();
        if (!life) return call.async(...args);
        const done = args.at(-1);
        let errno;
        try {
          errno = life.enter(symbol);
        } catch {
          return undefined;
        }
        if (errno) {
          return void process.nextTick(() => {
            injected = os.errno[errno];
            done(null, -1);
          });
        }
        args[args.length - 1] = (...answer) => void (life.dead || done(...answer));
        return call.async(...args);
      };
      return guarded;
    },
  };
};
