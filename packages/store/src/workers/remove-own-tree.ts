import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { joined, nativePath } from './byte-path.js';

/**
 * Removes a directory of this layer, which holds nothing but this layer's nodes, and tells of each that
 * is gone.
 */
export function removeOwnTree(path: string, below: string, gone: (directory: string) => void): void {
  for (const name of readdirSync(nativePath(path), 'latin1')) {
    const inner = `${path}/${name}`;
    if (lstatSync(nativePath(inner)).isDirectory()) removeOwnTree(inner, joined(below, name), gone);
    else unlinkSync(nativePath(inner));
  }
  rmdirSync(nativePath(path));
  gone(below);
}
