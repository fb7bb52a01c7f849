import * as fs from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../../packages/image/dist/index.js';
import unpackLayer from '../../../packages/store/dist/workers/unpack-layer.js';
import { lowerSeed } from '../corpus/tar.mjs';
import { expectThat, refusalOf } from '../finding.mjs';

const secret = 'what lies outside is nobody`s to read';
const privileged = process.getuid() === 0;
/** What a file system may say to a tree it cannot hold. */
const lawfulErrnos = ['ENOSPC', 'EFBIG'];

/**
 * Unpacks archives into `layer/rootfs` of a folder of its own, every second one over a layer with links that lead out.
 * The folder is the working directory meanwhile, so that `/proc/self/cwd/outside` names the same file in every run.
 */
export class Extraction {
  #lower = [];
  #before;

  constructor(folder) {
    this.folder = folder;
    this.target = join(folder, 'layer');
  }

  async start() {
    fs.mkdirSync(join(this.folder, 'outside/sub'), { recursive: true });
    fs.writeFileSync(join(this.folder, 'outside/victim'), secret, { mode: 0o640 });
    fs.mkdirSync(join(this.folder, 'lower'));
    const lower = await this.#unpack(lowerSeed, join(this.folder, 'lower'), []);
    this.#lower = [{ rootfs: join(this.folder, 'lower/rootfs'), whiteouts: lower.whiteouts, opaques: lower.opaques }];
    process.chdir(this.folder);
    this.#before = this.#outside();
    this.#descriptors = descriptorCount();
  }

  #descriptors = 0;

  /** Answers the code with which the archive was refused, or `accepted`. */
  async check(bytes) {
    const outcome = [await this.#once(bytes, []), await this.#once(bytes, this.#lower)];
    return outcome.find((code) => code !== 'accepted') ?? 'accepted';
  }

  async #once(bytes, lower) {
    fs.mkdirSync(this.target);
    try {
      await this.#unpack(bytes, this.target, lower);
      this.#expectNothingStolen(Buffer.from(join(this.target, 'rootfs')));
      return 'accepted';
    } catch (error) {
      return refusalOf(error, ['ImageError', 'UnpackError'], lawfulErrnos);
    } finally {
      fs.rmSync(this.target, { recursive: true });
      expectThat(this.#outside() === this.#before, `outside became ${this.#outside()}, was ${this.#before}`);
    }
  }

  /** No descriptor may be left open, but those that a stream is just about to close. */
  finish() {
    const left = descriptorCount() - this.#descriptors;
    expectThat(left <= 4, `${left} descriptors are left open`);
  }

  async #unpack(bytes, target, lower) {
    const blobPath = join(this.folder, 'blob');
    fs.writeFileSync(blobPath, bytes);
    return unpackLayer({ blobPath, compression: 'none', target, lower, expectedDiffId: digestOf(bytes), privileged });
  }

  /** All that a layer could change outside its root, link counts included. */
  #outside() {
    const paths = ['outside', 'outside/victim', 'outside/sub', 'lower/rootfs/usr/lib/x', 'lower/rootfs/a', 'lower/rootfs/d'];
    const told = paths.map((path) => {
      const { mode, uid, gid, size, nlink, mtimeNs, ctimeNs } = fs.lstatSync(join(this.folder, path), { bigint: true });
      return `${path} ${[mode, uid, gid, size, nlink, mtimeNs, ctimeNs].join(' ')}`;
    });
    const names = ['.', 'outside', 'outside/sub', 'lower/rootfs'].map((path) => fs.readdirSync(join(this.folder, path)).join());
    return [...told, ...names].join('\n');
  }

  #expectNothingStolen(path) {
    const status = fs.lstatSync(path);
    if (status.isDirectory()) {
      const name = (entry) => Buffer.concat([path, Buffer.from('/'), entry]);
      for (const entry of fs.readdirSync(path, 'buffer')) this.#expectNothingStolen(name(entry));
    } else if (status.isFile() && status.size === secret.length) {
      expectThat(fs.readFileSync(path, 'latin1') !== secret, `${path} has the content of a file outside`);
    }
  }
}

function descriptorCount() {
  return fs.readdirSync('/proc/self/fd').length;
}
