import { Future } from '@keelson/process';
import type { LayoutContent, LayoutFile } from '../layout/layout-content.js';
import { StoreError } from '../store-error.js';
import type { ArchiveIndex, ArchiveMember } from '../workers/index-archive.js';

/** `docker save` writes a layer once and links to it; nobody needs chains of links. */
const mostLinks = 16;

/** Members that decide what all others mean: two of one name, and two readers could see two images. */
const decisive: readonly string[] = ['manifest.json', 'repositories', 'index.json', 'oci-layout'];

/** The members of one archive by name, each where it lies. */
export class ArchiveMembers implements LayoutContent {
  readonly #members = new Map<string, ArchiveMember>();

  /**
   * @param where the archive, as the user knows it
   * @throws StoreError ARCHIVE_INVALID  a decisive member is there twice
   */
  constructor(
    readonly where: string,
    private readonly index: ArchiveIndex,
  ) {
    for (const member of index.members) {
      if (decisive.includes(normal(member.name)) && this.#members.has(normal(member.name))) {
        throw new StoreError('ARCHIVE_INVALID', `${where} has two members of the name ${member.name}`);
      }
      // As when an archive is unpacked: the last of a name is what counts.
      this.#members.set(normal(member.name), member);
    }
  }

  has(name: string): boolean {
    return this.#members.has(normal(name));
  }

  /**
   * The file of that name, links followed inside the archive.
   *
   * @throws StoreError ARCHIVE_INVALID  there is none, or its content does not lie in one piece
   */
  find(name: string): ArchiveMember {
    let member = this.#members.get(normal(name));
    for (let links = 0; member?.link; links++) {
      if (links === mostLinks) throw this.#invalid(`the links of ${name} have no end`);
      const { target, hard } = member.link;
      member = this.#members.get(normal(hard ? target : besides(member.name, target)));
    }
    if (!member) throw this.#invalid(`it has no file ${name}`);
    if (member.sparse) throw this.#invalid(`${name} is written with holes`);
    return member;
  }

  /** Where the content of a member lies. */
  place({ position, sizeBytes }: ArchiveMember): Required<LayoutFile> {
    return { path: this.index.path, slice: { position, sizeBytes }, sizeBytes };
  }

  locate(name: string): Future<LayoutFile> {
    return Future.ready(this.place(this.find(name)));
  }

  #invalid(why: string): StoreError {
    return new StoreError('ARCHIVE_INVALID', `cannot read ${this.where}: ${why}`);
  }
}

/** One spelling for each name. Nothing is above the top of an archive. */
function normal(name: string): string {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function besides(name: string, target: string): string {
  return target.startsWith('/') ? target : `${name.slice(0, name.lastIndexOf('/') + 1)}${target}`;
}
