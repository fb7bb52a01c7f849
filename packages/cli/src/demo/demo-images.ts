import { readFile } from 'node:fs/promises';
import { arch } from 'node:process';
import type { HostProgram } from './host-program.js';
import { findHostProgram } from './host-program.js';
import { OciContent, type PackedLayer, type Platform } from './oci-content.js';
import type { TarEntry } from './tar-archive.js';

export interface DemoImage {
  readonly repository: string;
  readonly tag: string;
  /** One line for people: what this image is made of. */
  readonly about: string;
}

/** Every container of the demo prints this line once it is up. */
export const readyLine = 'ready';
/** Where `library` waits for a file to appear, and the file of its own image that it reads then. */
export const signalDirectory = '/signal';
export const storyPath = '/usr/share/library/story.txt';
export const storyFirstLine = 'A keelson lies along the keel and holds the ship together.';

/**
 * Assembles three images from this machine's own shell, tools and libraries: `base` is under all of them,
 * `tools` under two. One is published behind a multi-platform index, and one hides a file of the layer below
 * it with a whiteout.
 */
export async function assembleDemoImages(): Promise<{ content: OciContent; images: readonly DemoImage[] }> {
  const [shell, sleep, cat, list] = await Promise.all(['sh', 'sleep', 'cat', 'ls'].map(requireProgram));
  const content = new OciContent();
  const placed = new Set<string>();
  const base = content.addLayer([...baseEntries(), ...(await programEntries([shell!, sleep!], placed))]);
  const tools = content.addLayer([
    ...parents('etc/draft.txt'),
    textFile('etc/draft.txt', 'only a draft\n'),
    ...(await programEntries([cat!, list!], placed)),
  ]);

  const here = hostPlatform();
  const publish = (repository: string, layers: readonly PackedLayer[], script: string): DemoImage => {
    const config = { Cmd: ['/bin/sh', '-c', script], Env: ['PATH=/bin', 'SHIP=Keelson'], WorkingDir: '/' };
    const manifest = content.addImage(here, layers, config);
    const elsewhere = { os: 'linux', architecture: here.architecture === 's390x' ? 'amd64' : 's390x' };
    const other = { platform: elsewhere, manifest: content.addImage(elsewhere, layers, config) };
    const indexed = repository === 'demo/library';
    content.tag(
      repository,
      '1',
      indexed ? content.addIndex([other, { platform: here, manifest }]) : manifest,
    );
    const kind = indexed ? 'behind a multi-platform index' : 'a single manifest';
    return { repository, tag: '1', about: `${layers.length} layers, ${kind}` };
  };

  return {
    content,
    images: [
      publish('demo/hello', [base, content.addLayer(helloEntries())], helloScript),
      publish('demo/tally', [base, tools, content.addLayer(tallyEntries())], tallyScript),
      publish('demo/library', [base, tools, content.addLayer(libraryEntries())], libraryScript),
    ],
  };
}

const waitForever = 'while :; do sleep 1; done';
const helloScript = `read -r line < /etc/greeting; echo "$line"; echo ${readyLine}; ${waitForever}`;
const tallyScript = [
  'set -- /bin/*; echo "$# programs in my /bin, and \\$SHIP is $SHIP"',
  '[ -e /etc/draft.txt ] && echo "the draft is still here" || echo "the draft of the layer below is hidden"',
  `echo ${readyLine}`,
  waitForever,
].join('\n');
const libraryScript = [
  `ls ${storyPath}`,
  `echo ${readyLine}`,
  `while [ ! -e ${signalDirectory}/read ]; do sleep 0.05 2>/dev/null || sleep 1; done`,
  `cat ${storyPath}`,
  waitForever,
].join('\n');

function baseEntries(): readonly TarEntry[] {
  const directories = [
    'bin',
    'dev',
    'etc',
    'proc',
    'root',
    'run',
    'signal',
    'sys',
    'usr',
    'usr/share',
    'var',
  ];
  return [
    ...directories.map((path): TarEntry => ({ kind: 'directory', path })),
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
    textFile('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n'),
    textFile('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
    textFile('etc/os-release', 'NAME="Keelson demo"\nID=keelson-demo\n'),
  ];
}

function helloEntries(): readonly TarEntry[] {
  return [
    ...parents('etc/greeting'),
    textFile('etc/greeting', 'Hello from a root filesystem of my own.\n'),
    ...bulk('usr/share/hello', 3),
  ];
}

function tallyEntries(): readonly TarEntry[] {
  return [...parents('etc/.wh.draft.txt'), textFile('etc/.wh.draft.txt', ''), ...bulk('usr/share/tally', 5)];
}

function libraryEntries(): readonly TarEntry[] {
  const story = `${storyFirstLine}\nPrune took the layers nobody stands on. This one is still here.\n`;
  return [...parents('usr/share/library/story.txt'), textFile('usr/share/library/story.txt', story)];
}

/** Some megabytes that do not compress, so that there is something to fetch and something to reclaim. */
function bulk(directory: string, megabytes: number): readonly TarEntry[] {
  const files = Array.from({ length: megabytes }, (_, index): TarEntry => {
    return { kind: 'file', path: `${directory}/chart-${index + 1}.bin`, content: noise(1 << 20, index + 1) };
  });
  return [...parents(`${directory}/x`), ...files];
}

/** xorshift32: the same bytes on every machine, so the same digests. */
function noise(sizeBytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(sizeBytes / 4);
  let state = seed * 2654435761;
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}

function textFile(path: string, text: string): TarEntry {
  return { kind: 'file', path, content: Buffer.from(text) };
}

function parents(path: string): readonly TarEntry[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => ({ kind: 'directory', path: parts.slice(0, index + 1).join('/') }));
}

/**
 * The programs under /bin and their libraries where the loader wants them; what an earlier layer placed is
 * left out.
 */
async function programEntries(
  programs: readonly HostProgram[],
  placed: Set<string>,
): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  const file = async (path: string, source: string): Promise<void> => {
    if (placed.has(path)) return;
    placed.add(path);
    entries.push(...parents(path), { kind: 'file', path, mode: 0o755, content: await readFile(source) });
  };
  for (const { name, realPath, libraries } of programs) {
    const multiCall = `bin/.${realPath.split('/').at(-1)!}`;
    await file(multiCall, realPath);
    entries.push({ kind: 'symlink', path: `bin/${name}`, target: `/${multiCall}` });
    for (const library of libraries) await file(library.replace(/^\/+/, ''), library);
  }
  return entries;
}

async function requireProgram(name: string): Promise<HostProgram> {
  const program = await findHostProgram(name);
  if (program === undefined) throw new Error(`cannot assemble the demo images: no program ${name} in PATH`);
  return program;
}

/** This machine in the words of the OCI image specification (which are Go's). */
function hostPlatform(): Platform {
  const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle' };
  return { os: 'linux', architecture: architectures[arch] ?? arch };
}
