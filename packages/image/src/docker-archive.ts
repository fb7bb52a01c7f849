import { JsonCursor } from './json-cursor.js';

/** One image of a `docker save` archive. All names are members of the archive, as it spells them. */
export interface DockerArchiveImage {
  readonly config: string;
  /** Base first. */
  readonly layers: readonly string[];
  /** `app:1`; none for an image without a name. */
  readonly repoTags: readonly string[];
}

/** One layer of an archive from before Docker 1.10, whose images are chains of layers with a file each. */
export interface LegacyLayer {
  readonly id: string;
  readonly parent?: string;
  /** What there is of an image's configuration; plain data of the file. */
  readonly document: Readonly<Record<string, unknown>>;
}

const mostElements = 1000;

/**
 * Reads `manifest.json` of an archive that `docker save` wrote, of any shape since Docker 1.10.
 *
 * @throws ImageError INVALID_MANIFEST  malformed; the message names the field
 */
export function parseDockerArchive(bytes: Uint8Array): readonly DockerArchiveImage[] {
  const images = JsonCursor.parseArray(bytes, 'manifest.json of the archive', 'INVALID_MANIFEST');
  return images.map((image) => {
    const layers = image.asObject().strings('Layers');
    if (layers.length > mostElements) throw image.refused(`an image of at most ${mostElements} layers`);
    return { config: image.string('Config'), layers, repoTags: image.strings('RepoTags') };
  });
}

/**
 * Reads `repositories`, which old archives have instead: the top-most layer of every `name:tag`.
 *
 * @throws ImageError INVALID_MANIFEST
 */
export function parseRepositories(bytes: Uint8Array): ReadonlyMap<string, string> {
  const document = JsonCursor.parse(bytes, 'repositories file of the archive', 'INVALID_MANIFEST');
  const found = document.keys().flatMap((name) => {
    return Object.entries(document.stringMap(name)).map(([tag, id]) => [`${name}:${tag}`, id] as const);
  });
  return new Map(found);
}

/**
 * Reads `<id>/json` of an old archive.
 *
 * @throws ImageError INVALID_CONFIG
 */
export function parseLegacyLayer(bytes: Uint8Array): LegacyLayer {
  const cursor = JsonCursor.parse(bytes, 'layer of the archive', 'INVALID_CONFIG');
  const parent = cursor.optionalString('parent');
  const document = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  return { id: cursor.string('id'), ...(parent ? { parent } : {}), document };
}
