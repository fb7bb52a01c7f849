import type { LayerCompression } from '@keelson/image';
import { digestOf } from '@keelson/image';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { StackedLayer } from '../../dist/workers/layer-stack.js';
import type { UnpackedLayer, UnpackLayerInput } from '../../dist/workers/unpack-layer.js';
import unpackLayer from '../../dist/workers/unpack-layer.js';
import type { Member } from '../../../image/test/archive.js';
import { archive } from '../../../image/test/archive.js';

export const isRoot = process.getuid?.() === 0;

/** A folder in memory that goes when the tests of the file are done. */
export function scratchFolder(name: string): string {
  const folder = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `keelson-${name}-`));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestLayer extends UnpackedLayer, StackedLayer {}

/** Unpacks archives into numbered layers of one folder, each over those it is given. */
export class LayerBench {
  #count = 0;
  constructor(readonly folder: string) {}

  async unpack(
    tar: Buffer,
    lower: readonly StackedLayer[] = [],
    options: Partial<UnpackLayerInput> = {},
  ): Promise<TestLayer> {
    const target = this.fresh('layer');
    const blobPath = `${target}.blob`;
    fs.writeFileSync(blobPath, tar);
    const compression: LayerCompression = 'none';
    const input = {
      blobPath,
      compression,
      target,
      lower,
      expectedDiffId: digestOf(tar),
      privileged: isRoot,
      ...options,
    };
    return { ...(await unpackLayer(input)), rootfs: join(target, 'rootfs') };
  }

  /** Unpacks one archive over another, base first. */
  async stack(...layers: readonly (readonly Member[])[]): Promise<TestLayer[]> {
    const stack: TestLayer[] = [];
    for (const members of layers) stack.push(await this.unpack(archive(...members), stack));
    return stack;
  }

  fresh(name: string): string {
    const folder = join(this.folder, `${name}-${this.#count++}`);
    fs.mkdirSync(folder);
    return folder;
  }
}

/** The code of what `promise` fails with; `accepted` if it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code ?? `bug: ${String(error)}`;
  }
}
