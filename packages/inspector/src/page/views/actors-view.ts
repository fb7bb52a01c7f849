import { html } from '../elements.js';
import type { Commands, Scene, View } from '../scene.js';
import { ActorDetail } from './actor-detail.js';
import { ActorList } from './actor-list.js';

/** Every actor that lives, as a tree, and the chosen one beside it. */
export class ActorsView implements View {
  readonly element: HTMLElement;
  readonly #list: ActorList;
  readonly #detail: ActorDetail;

  constructor(commands: Commands) {
    this.#list = new ActorList(commands);
    this.#detail = new ActorDetail(commands);
    this.element = html('div', { class: 'view split' }, this.#list.element, this.#detail.element);
  }

  render(scene: Scene): void {
    this.#list.render(scene);
    this.#detail.render(scene);
  }
}
