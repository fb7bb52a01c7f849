import type { ImageName } from '@keelson/provisioner';
import type { SimulatedImage, SimulatedLayerFiles } from '@keelson/simulation';
import { makeSimulatedImage } from '@keelson/simulation';

/** What the registry may serve: two images over one base, one of them with one blob twice, and a second meaning of a tag. */
const layersOf = {
  web: [{ base: 'base' }, { web: 'web', extra: 'one' }],
  job: [{ base: 'base' }, { job: 'job' }, { job: 'job' }],
  webTwo: [{ base: 'base' }, { web: 'web two' }],
} satisfies Record<string, readonly SimulatedLayerFiles[]>;

export type ImageKey = 'web' | 'job';

export const images = {
  web: makeSimulatedImage(layersOf.web),
  job: makeSimulatedImage(layersOf.job),
  webTwo: makeSimulatedImage(layersOf.webTwo),
} satisfies Record<string, SimulatedImage>;

const filesByDigest = new Map(
  Object.entries(images).map(([key, image]) => [
    image.manifest.digest as string,
    Object.assign({}, ...layersOf[key as keyof typeof layersOf]) as Readonly<Record<string, string>>,
  ]),
);

/** The files, with their content, that a root filesystem of that manifest must show. */
export function filesOf(digest: string): Readonly<Record<string, string>> {
  return filesByDigest.get(digest) ?? {};
}

export function nameOf(image: string): string {
  return `registry.test/${image}`;
}

/** The key under which the store keeps it. */
export function referenceOf(image: ImageKey): string {
  return `${nameOf(image)}:latest`;
}

export function dockerImage(image: string): ImageName {
  return { type: 'DOCKER', name: nameOf(image) };
}
