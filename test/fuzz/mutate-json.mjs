import { mutateBytes } from './mutate-bytes.mjs';

const hardValues = [
  null, true, 0, -1, 1, 1.5, Infinity, -0, 2 ** 53, 2 ** 53 - 1, 1e21, '', 'x', '\0', '\ud800', 'é', '../..', '/', 'a'.repeat(5000),
  [], {}, [[]], [null], { '': '' }, 'sha256:', `sha256:${'0'.repeat(64)}`, `sha256:${'0'.repeat(63)}/`,
  `sha512:${'f'.repeat(128)}`, `md5:${'0'.repeat(32)}`, 'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.oci.image.layer.v1.tar+zstd', 'application/vnd.oci.image.layer.v1.tar+encrypted', 'linux', 'layers',
];
const hardKeys = [
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '', '0', 'mediaType', 'schemaVersion', 'config', 'layers',
  'manifests', 'digest', 'size', 'urls', 'annotations', 'platform', 'rootfs', 'diff_ids', 'Layers', 'Config', 'RepoTags',
  'fsLayers', 'artifactType', 'subject', 'os', 'architecture', 'variant', 'Env', 'Cmd', 'User', 'Volumes', 'payload', 'op',
];
const words = ['{', '}', '[', ']', ',', ':', '"', '\\u0000', '\\ud800', '1e999', 'null', '{"":', '[['].concat(
  ['"__proto__":{},', '"layers":[],', '"manifests":[],', '\ufeff'.repeat(1), 'NaN', '-', '\\'],
);

/** Changes a document as a tree, so that most of what comes out is still JSON, or as text. */
export function mutateJson(random, bytes, seeds) {
  if (random.oneIn(3)) return mutateBytes(random, bytes, { words, seeds });
  const document = JSON.parse(bytes.toString());
  const changed = changedTree(random, document);
  const text = random.oneIn(20) ? nested(random, changed) : JSON.stringify(changed);
  const written = Buffer.from(text ?? 'null');
  return random.oneIn(10) ? mutateBytes(random, written, { words, seeds }) : written;
}

/** The document with one to four of its values, names or elements changed. */
export function changedTree(random, document) {
  const holder = { document };
  for (let count = 1 + random.below(4); count > 0; count--) changeAt(random, random.pick(placesOf(holder)));
  return holder.document;
}

function placesOf(value) {
  if (typeof value !== 'object' || value === null) return [];
  const here = Object.keys(value).map((key) => ({ holder: value, key }));
  return here.concat(Object.values(value).flatMap(placesOf));
}

function changeAt(random, { holder, key }) {
  const value = holder[key];
  switch (random.below(7)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else if (key !== 'document') delete holder[key];
      return;
    case 1:
      return put(holder, random.pick(hardKeys), copyOf(value));
    case 2:
      if (Array.isArray(value)) for (let more = random.below(40); more > 0; more--) value.push(copyOf(value[0] ?? 0));
      else if (typeof value === 'string') holder[key] = value + random.pick(hardValues.filter((each) => typeof each === 'string'));
      else if (typeof value === 'number') holder[key] = value * random.pick([-1, 1e-3, 1e9, 1e300]);
      return;
    case 3:
      if (typeof value === 'object' && value !== null) put(value, random.pick(hardKeys), copyOf(random.pick(hardValues)));
      return;
    default:
      holder[key] = copyOf(random.pick(hardValues));
  }
}

function copyOf(value) {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value;
}

/** Also for names that an assignment would take for something else; a list takes the value alone. */
function put(holder, key, value) {
  if (Array.isArray(holder)) return void holder.push(value);
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function nested(random, document) {
  const depth = 1 + random.below(random.oneIn(10) ? 20_000 : 70);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ]);
  return `{"x":${open.repeat(depth)}1${close.repeat(depth)},${JSON.stringify(document ?? null).slice(1) || '}'}`;
}
