import { type BytePath } from '../file-error.js';
import { checked, cString, hasNative, nativeFunction } from './native.js';
import {
  getAttributeByCommand,
  listAttributesByCommand,
  removeAttributeByCommand,
  setAttributeByCommand,
} from './without-native/extended-attributes.js';

/** Sets an extended attribute of the file itself, never of what a link points to. */
export function setExtendedAttribute(path: BytePath, name: string, value: Uint8Array): void {
  if (!hasNative()) return setAttributeByCommand(path, name, value);
  checked(lsetxattr(cString(path), cString(name), value, value.length, 0), 'lsetxattr', path);
}

/**
 * The value of an extended attribute.
 *
 * @throws FileError ENODATA when the file has none of that name
 */
export function getExtendedAttribute(path: BytePath, name: string): Uint8Array {
  if (!hasNative()) return getAttributeByCommand(path, name);
  return sized((buffer) => lgetxattr(cString(path), cString(name), buffer, buffer.length), 'lgetxattr', path);
}

/** Names of the extended attributes of the file itself. */
export function listExtendedAttributes(path: BytePath): string[] {
  if (!hasNative()) return listAttributesByCommand(path);
  // Most files have none, and asking for the size alone takes no buffer.
  const size = checked(llistxattr(cString(path), null, 0), 'llistxattr', path);
  if (size === 0) return [];
  const names = sized((buffer) => llistxattr(cString(path), buffer, buffer.length), 'llistxattr', path);
  return Buffer.from(names)
    .toString()
    .split('\0')
    .filter((name) => name !== '');
}

/**
 * Removes an extended attribute.
 *
 * @throws FileError ENODATA when the file has none of that name
 */
export function removeExtendedAttribute(path: BytePath, name: string): void {
  if (!hasNative()) return removeAttributeByCommand(path, name);
  checked(lremovexattr(cString(path), cString(name)), 'lremovexattr', path);
}

/** The kernel allows 64 KiB for a value and for the list of names (xattr(7)), so one buffer always does. */
function sized(fill: (buffer: Uint8Array) => number, syscall: string, path: BytePath): Uint8Array {
  const buffer = Buffer.alloc(XATTR_SIZE_MAX);
  return buffer.subarray(0, checked(fill(buffer), syscall, path));
}

const XATTR_SIZE_MAX = 65_536;

const lsetxattr = nativeFunction('lsetxattr', [
  'const void *',
  'const void *',
  'const void *',
  'size_t',
  'int',
]);
const lgetxattr = nativeFunction('lgetxattr', ['const void *', 'const void *', 'void *', 'size_t'], 'long');
const llistxattr = nativeFunction('llistxattr', ['const void *', 'void *', 'size_t'], 'long');
const lremovexattr = nativeFunction('lremovexattr', ['const void *', 'const void *']);
