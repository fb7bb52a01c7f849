import type { StorePicture } from '../../store-picture.js';
import { html, svg } from '../elements.js';
import { formatBytes, shortDigest } from '../format.js';

const GAP = 8;

/** An element of the picture and the ones it stands on. */
interface Item {
  readonly key: string;
  readonly element: HTMLElement;
  readonly below: readonly string[];
}

/** Three columns and the lines between them: who stands on what. Pointing at one lights all that belongs to it. */
export class StoreDiagram {
  readonly element = html('div', { class: 'store-diagram' });
  #items: Item[] = [];
  #lines: { readonly from: string; readonly to: string; readonly element: SVGPathElement }[] = [];

  render(picture: StorePicture, withPlan: boolean, query: string, width: number): void {
    const { plan } = picture;
    const gone = new Set('bytes' in plan && withPlan ? [...plan.images, ...plan.layers] : []);
    const wanted = (text: string): boolean => query === '' || text.toLowerCase().includes(query);
    const containers = picture.containers.filter(({ id, image }) => wanted(`${id} ${image ?? ''}`));
    const images = picture.images.filter(({ reference }) => wanted(reference) || containers.length > 0);
    const largest = Math.max(1, ...picture.layers.map(({ sizeBytes }) => sizeBytes));

    const columns = [
      containers.map(({ id, state, image, layers }): Item => {
        const below = image !== undefined && images.some(({ reference }) => reference === image) ? [image] : [];
        const key = `container ${id}`;
        return this.#item(key, 'container', id, state, [], false, below.length > 0 ? below : layers);
      }),
      images.map(({ reference, sizeBytes, uniqueBytes, pinned, layers, kept }): Item => {
        const size = `${formatBytes(sizeBytes)}, ${formatBytes(uniqueBytes)} its own`;
        const why = pinned && !kept.includes('pinned') ? ['pinned', ...kept] : kept;
        return this.#item(reference, 'image', reference, size, why, gone.has(reference), layers);
      }),
      picture.layers.map(({ id, sizeBytes, kept }): Item => {
        const item = this.#item(id, 'layer', shortDigest(id), formatBytes(sizeBytes), kept, gone.has(id), []);
        item.element.style.setProperty('--share', String(sizeBytes / largest));
        return item;
      }),
    ];
    this.#items = columns.flat();
    const titles = ['Containers', 'Images', 'Layers'];
    this.element.replaceChildren(
      ...columns.map((items, n) =>
        html('div', { class: 'store-column' }, html('h2', {}, titles[n]!), ...items.map(({ element }) => element)),
      ),
    );
    if (width >= 760) this.#connect();
    else this.#lines = [];
  }

  #item(
    key: string,
    type: string,
    name: string,
    size: string,
    kept: readonly string[],
    isGone: boolean,
    below: readonly string[],
  ): Item {
    const why = isGone ? 'a prune would remove it' : kept.length > 0 ? kept.join('; ') : '';
    const line = [html('span', { class: 'store-name', title: key }, name), html('span', { class: 'store-size' }, size)];
    const element = html(
      'div',
      { class: `store-item ${type}${isGone ? ' gone' : ''}`, tabindex: 0, 'data-key': key },
      html('div', { class: 'store-line' }, ...line),
      why !== '' && html('div', { class: 'store-why' }, why),
    );
    for (const event of ['pointerenter', 'focus']) element.addEventListener(event, () => this.#light(key));
    for (const event of ['pointerleave', 'blur']) element.addEventListener(event, () => this.#light(undefined));
    return { key, element, below };
  }

  /** Lines are drawn where the columns stand, so after they do. */
  #connect(): void {
    const picture = svg('svg', { class: 'store-lines', 'aria-hidden': 'true' });
    this.element.prepend(picture);
    const frame = this.element.getBoundingClientRect();
    const boxes = new Map(this.#items.map(({ key, element }) => [key, element.getBoundingClientRect()]));
    this.#lines = this.#items.flatMap(({ key, below }) =>
      below.flatMap((under) => {
        const [from, to] = [boxes.get(key), boxes.get(under)];
        if (!from || !to) return [];
        const [x1, y1] = [from.right - frame.left + GAP / 2, from.top + from.height / 2 - frame.top];
        const [x2, y2] = [to.left - frame.left - GAP / 2, to.top + to.height / 2 - frame.top];
        const middle = (x1 + x2) / 2;
        const element = svg('path', { d: `M${x1},${y1}C${middle},${y1} ${middle},${y2} ${x2},${y2}` });
        picture.append(element);
        return [{ from: key, to: under, element }];
      }),
    );
  }

  #light(key: string | undefined): void {
    const lit = key === undefined ? new Set<string>() : this.#related(key);
    for (const { key: own, element } of this.#items) {
      element.classList.toggle('lit', lit.has(own));
      element.classList.toggle('dim', key !== undefined && !lit.has(own));
    }
    for (const { from, to, element } of this.#lines) element.classList.toggle('lit', lit.has(from) && lit.has(to));
  }

  /** Everything below and everything above. */
  #related(key: string): Set<string> {
    const down = (from: string, found: Set<string>): Set<string> => {
      found.add(from);
      for (const under of this.#items.find((item) => item.key === from)?.below ?? []) down(under, found);
      return found;
    };
    const up = (from: string, found: Set<string>): Set<string> => {
      found.add(from);
      for (const item of this.#items) if (item.below.includes(from) && !found.has(item.key)) up(item.key, found);
      return found;
    };
    return new Set([...down(key, new Set()), ...up(key, new Set())]);
  }
}
