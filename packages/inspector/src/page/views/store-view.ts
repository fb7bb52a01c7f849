import type { StorePicture } from '../../store-picture.js';
import { html, setText } from '../elements.js';
import { formatBytes, formatDuration, shortDigest } from '../format.js';
import type { Commands, Scene, View } from '../scene.js';
import { StoreDiagram } from './store-diagram.js';

const EVERY_MS = 2_000;

/** Containers, the images they were made of, and the layers under both; what a prune would take of it; the trash. */
export class StoreView implements View {
  readonly element: HTMLElement;
  readonly #head = html('p', { class: 'store-head' });
  readonly #refused = html('p', { class: 'store-refused' });
  readonly #planToggle = html('input', { type: 'checkbox' });
  readonly #diagram = new StoreDiagram();
  readonly #trash = html('ul', { class: 'trash' });
  readonly #why = html('p', { class: 'quiet empty-view' });
  #picture: StorePicture | undefined;
  #failure: string | undefined;
  #askedMs = -EVERY_MS;
  #drawn = '';

  constructor(private readonly commands: Commands) {
    this.#planToggle.checked = true;
    this.#planToggle.addEventListener('change', () => commands.refresh());
    const toggle = html('label', { class: 'check' }, this.#planToggle, 'show what a prune would remove now');
    const trash = html('section', { class: 'trash-section' }, html('h2', {}, 'Trash'), this.#trash);
    const body = [html('div', { class: 'store-bar' }, this.#head, toggle), this.#refused, this.#diagram.element, trash];
    this.element = html('div', { class: 'view store' }, this.#why, html('div', { class: 'store-body' }, ...body));
  }

  render({ isSaved, query }: Scene): void {
    if (!isSaved) this.#askSometimes();
    const picture = this.#picture;
    this.element.classList.toggle('nothing', !picture);
    const text = isSaved ? 'A saved trace has no store.' : (this.#failure ?? 'Asking for the store…');
    setText(this.#why, text);
    if (!picture) return;
    const withPlan = this.#planToggle.checked;
    const width = this.element.clientWidth;
    const key = `${JSON.stringify({ ...picture, at: '' })} ${withPlan} ${width} ${query}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#renderHead(picture, withPlan);
    this.#diagram.render(picture, withPlan, query, width);
    this.#renderTrash(picture);
  }

  #renderHead({ containers, images, layers, plan }: StorePicture, withPlan: boolean): void {
    const bytes = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const here = [count(containers.length, 'container'), count(images.length, 'image'), count(layers.length, 'layer')];
    const frees = 'bytes' in plan && withPlan ? ` A prune now would free ${formatBytes(plan.bytes)}.` : '';
    setText(this.#head, `${here.join(', ')}, ${formatBytes(bytes)} in all.${frees}`);
    setText(this.#refused, 'refused' in plan ? `A prune would refuse now: ${plan.refused}` : '');
  }

  #renderTrash({ trash }: StorePicture): void {
    const lines = trash.slice(0, 50).map(({ name, sizeBytes, ageMs }) =>
      html(
        'li',
        {},
        html('code', {}, shortDigest(name)),
        html('span', {}, sizeBytes === undefined ? '' : formatBytes(sizeBytes)),
        html('span', { class: 'quiet' }, `thrown away ${formatDuration(ageMs)} ago`),
      ),
    );
    if (lines.length === 0) lines.push(html('li', { class: 'quiet' }, 'empty: all is swept'));
    this.#trash.replaceChildren(...lines);
  }

  #askSometimes(): void {
    const now = performance.now();
    if (now - this.#askedMs < EVERY_MS) return;
    this.#askedMs = now;
    void this.#ask().finally(() => this.commands.refresh());
  }

  async #ask(): Promise<void> {
    try {
      const response = await this.commands.ask('store');
      if (response.ok) this.#picture = (await response.json()) as StorePicture;
      else this.#failure = response.status === 404 ? 'This program has no store.' : await response.text();
    } catch (error) {
      this.#failure = (error as Error).message;
    }
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
