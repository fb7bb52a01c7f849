import { textOf } from './disk-view.js';

const known = new WeakMap<Uint8Array, readonly string[]>();

/** The layers that the `layers` file of a container names; none for one that is torn or empty. */
export function layersRecord(content: Uint8Array): readonly string[] {
  let layers = known.get(content);
  if (layers === undefined) known.set(content, (layers = read(textOf(content))));
  return layers;
}

function read(text: string): readonly string[] {
  try {
    const { payload } = JSON.parse(text) as { payload: { rootfses: readonly { layers: readonly string[] }[] } };
    return payload.rootfses.flatMap(({ layers }) => layers);
  } catch {
    return [];
  }
}
