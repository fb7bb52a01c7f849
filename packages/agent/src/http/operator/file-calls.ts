import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { optional, shape } from '../../schema/composed-schema.js';
import { text, whole } from '../../schema/schema.js';
import { HttpFailure } from '../http-failure.js';
import type { OperatorCall } from './operator-call.js';
import { operatorCall } from './operator-call.js';

/** What one answer holds; who wants more asks from where it ended. */
const maxReadBytes = 1024 * 1024;
const maxOffset = Number.MAX_SAFE_INTEGER;

const virtualPath = text({
  description: 'Virtual path: /containers/ID is the sandbox of a container, with its stdout and stderr.',
  pattern: /^\/containers(\/|$)/,
  expected: 'a path below /containers',
});

/** Calls about the files in sandboxes, by virtual path. */
export const fileCalls: readonly OperatorCall[] = [
  operatorCall({
    type: 'LIST_FILES',
    summary: 'Lists a folder of a sandbox, or all sandboxes.',
    message: shape({ path: virtualPath }, { open: true }),
    required: true,
    answer: async ({ root }, message) => {
      const folder = realPath(root, message.path);
      const names = await readdir(folder).catch((error: unknown) => noNames(message.path, error));
      return { file_infos: await Promise.all(names.toSorted().map((name) => fileInfo(message.path, folder, name))) };
    },
  }),
  operatorCall({
    type: 'READ_FILE',
    summary: `Reads a piece of a file in a sandbox, of at most ${maxReadBytes} bytes, in base64.`,
    message: shape(
      {
        path: virtualPath,
        offset: optional(
          whole({ description: 'Where to begin.', unit: 'bytes', minimum: 0, maximum: maxOffset, default: 0 }),
        ),
        length: optional(whole({ description: 'How much.', unit: 'bytes', minimum: 0, maximum: maxOffset })),
      },
      { open: true },
    ),
    required: true,
    answer: async ({ root }, { path: wanted, offset = 0, length = maxReadBytes }) => {
      const handle = await openPlainFile(realPath(root, wanted)).catch((error: unknown) => notFound(wanted, error));
      try {
        const { size } = await handle.stat();
        const buffer = Buffer.alloc(Math.max(0, Math.min(length, maxReadBytes, size - offset)));
        const { bytesRead } = await handle.read({ buffer, position: offset });
        return { size, data: buffer.toString('base64', 0, bytesRead) };
      } finally {
        await handle.close();
      }
    },
  }),
];

/**
 * A sandbox holds plain files alone, so nothing has to be followed: a path is a container and at most one name in it.
 *
 * @throws HttpFailure 400
 */
function realPath(root: string, virtual: string): string {
  const [, , id, name, ...more] = virtual.replace(/\/+$/, '').split('/');
  const plain = [id, name].every((part) => part === undefined || (/^[\w.-]+$/.test(part) && !/^\.\.?$/.test(part)));
  if (!plain || more.length > 0) {
    throw new HttpFailure(400, 'Failed to validate the call: path is not /containers/ID or /containers/ID/NAME');
  }
  return join(root, 'sandboxes', id ?? '', name ?? '');
}

async function openPlainFile(real: string): Promise<FileHandle> {
  // Without O_NONBLOCK a pipe would keep us waiting for somebody who writes.
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw Object.assign(new Error('not a plain file'), { code: 'ENOENT' });
}

async function fileInfo(virtual: string, folder: string, name: string): Promise<object> {
  const { nlink, size, mtimeMs, mode, uid, gid } = await lstat(join(folder, name));
  const mtime = { nanoseconds: Math.round(mtimeMs * 1e6) };
  const path = `${virtual.replace(/\/+$/, '')}/${name}`;
  return { path, nlink, size, mtime, mode, uid: String(uid), gid: String(gid) };
}

/** Before the first container there is no folder of sandboxes, and nothing in it. */
function noNames(virtual: string, error: unknown): readonly string[] {
  if (/^\/containers\/*$/.test(virtual) && (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  return notFound(virtual, error);
}

function notFound(virtual: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'EISDIR') {
    throw new HttpFailure(404, `There is no ${virtual}`);
  }
  throw error;
}
