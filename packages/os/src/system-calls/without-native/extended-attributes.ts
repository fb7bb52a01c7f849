import type { BytePath } from '../../file-error.js';
import { runCommand, tryCommand } from './run-command.js';
import { statusFor } from './status.js';

/** By setfattr(1), getfattr(1): the package `attr`. */
export function setAttributeByCommand(path: BytePath, name: string, value: Uint8Array): void {
  const hex = `0x${Buffer.from(value).toString('hex')}`;
  // A value of no bytes has no hexadecimal form.
  const given = value.length === 0 ? [] : ['-v', hex];
  runCommand('setfattr', ['-h', '-n', name, ...given, '--', path], { syscall: 'lsetxattr', path });
}

export function getAttributeByCommand(path: BytePath, name: string): Uint8Array {
  const args = ['-h', '--absolute-names', '-e', 'hex', '-n', name, '--', path];
  const [, value = ''] = attributesIn(runCommand('getfattr', args, { syscall: 'lgetxattr', path }))[0] ?? [];
  return Buffer.from(value.replace(/^0x/, ''), 'hex');
}

export function listAttributesByCommand(path: BytePath): string[] {
  statusFor('llistxattr', path);
  const args = ['-h', '--absolute-names', '-e', 'hex', '-d', '-m', '-', '--', path];
  const what = { syscall: 'llistxattr', path };
  const { status, stdout, stderr } = tryCommand('getfattr', args, what);
  // A file system without attributes has none.
  if (status !== 0 && !stderr.includes('not supported')) runCommand('getfattr', args, what);
  return attributesIn(stdout).map(([name]) => name);
}

export function removeAttributeByCommand(path: BytePath, name: string): void {
  runCommand('setfattr', ['-h', '-x', name, '--', path], { syscall: 'lremovexattr', path });
}

/** The lines `name=0x…`, or `name` alone; bytes that are no plain text are escaped in octal. */
function attributesIn(output: string): (readonly [name: string, value: string])[] {
  const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('# '));
  return lines.map((line) => {
    const equals = line.lastIndexOf('=0x');
    const name = equals < 0 ? line.replace(/=(?:"")?$/, '') : line.slice(0, equals);
    return [unescaped(name), equals < 0 ? '' : line.slice(equals + 1)] as const;
  });
}

function unescaped(name: string): string {
  const bytes = name.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return Buffer.from(bytes, 'latin1').toString();
}
