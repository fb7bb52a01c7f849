import { html, setText } from './elements.js';
import type { ConnectionState } from './connection.js';
import type { ViewName } from './scene.js';
import { viewNames } from './scene.js';

/** What the frame of the page asks for. */
export interface ShellCommands {
  show(view: ViewName): void;
  search(query: string): void;
  open(file: File): void;
  save(): void;
  toggleTheme(): void;
  closeTrace(): void;
}

const searchField = { type: 'search', class: 'search', placeholder: 'Search  /', 'aria-label': 'Search' };

const titles: Readonly<Record<ViewName, string>> = {
  actors: 'Actors',
  machines: 'Machines',
  messages: 'Messages',
  locks: 'Locks',
  store: 'Store',
};

const states: Readonly<Record<ConnectionState, string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'lost, trying again',
  refused: 'refused',
};

/** The head of the page and the frame around its views. */
export class Shell {
  readonly element = html('div', { class: 'shell' });
  readonly search = html('input', { ...searchField });
  readonly #tabs = new Map<ViewName, HTMLButtonElement>();
  readonly #title = html('span', { class: 'title' });
  readonly #status = html('span', { class: 'status', role: 'status' });
  readonly #notice = html('div', { class: 'notice', role: 'alert', hidden: true });
  readonly #main = html('main', {});
  readonly #help = helpDialog();
  readonly #picker = html('input', { type: 'file', accept: '.json,application/json', hidden: true });

  constructor(
    private readonly commands: ShellCommands,
    foot: HTMLElement,
  ) {
    this.search.addEventListener('input', () => commands.search(this.search.value));
    this.#picker.addEventListener('change', () => {
      const [file] = this.#picker.files ?? [];
      if (file) commands.open(file);
      this.#picker.value = '';
    });
    const tabs = viewNames.map((name) => this.#tab(name));
    const nav = html('nav', { class: 'tabs', role: 'tablist', 'aria-label': 'Views' }, ...tabs);
    const brand = html('div', { class: 'brand' }, html('strong', {}, 'Keelson'), this.#title, this.#status);
    const button = (label: string, title: string, onclick: () => void): HTMLElement =>
      html('button', { class: 'quiet-button', title, onclick }, label);
    const tools = html(
      'div',
      { class: 'tools' },
      this.search,
      button('Open', 'open a saved trace (o), or drop its file anywhere', () => this.openPicker()),
      button('Save', 'save what is recorded as a file (s)', () => commands.save()),
      button('Theme', 'light or dark (t)', () => commands.toggleTheme()),
      button('?', 'keys (?)', () => this.toggleHelp()),
    );
    const head = html('header', { class: 'head' }, brand, nav, tools);
    this.element.append(head, this.#notice, this.#main, foot, this.#help, this.#picker);
    this.#takeDrops();
  }

  showView(name: ViewName, element: HTMLElement): void {
    for (const [own, tab] of this.#tabs) tab.setAttribute('aria-selected', String(own === name));
    this.#main.replaceChildren(element);
  }

  showTitle(title: string): void {
    setText(this.#title, title);
    document.title = `${title} – Keelson inspector`;
  }

  showStatus(state: ConnectionState | 'saved'): void {
    setText(this.#status, state === 'saved' ? 'saved trace' : states[state]);
    this.#status.dataset['state'] = state;
  }

  /** A line above the view; empty hides it. */
  showNotice(text: string, kind: 'error' | 'trace' = 'error'): void {
    this.#notice.hidden = text === '';
    this.#notice.dataset['kind'] = kind;
    const close = (): void => (kind === 'trace' ? this.commands.closeTrace() : this.showNotice(''));
    const label = kind === 'trace' ? 'back to live' : 'close';
    this.#notice.replaceChildren(html('span', {}, text), html('button', { class: 'link', onclick: close }, label));
  }

  toggleHelp(): void {
    if (this.#help.open) this.#help.close();
    else this.#help.showModal();
  }

  openPicker(): void {
    this.#picker.click();
  }

  #tab(name: ViewName): HTMLButtonElement {
    const onclick = (): void => this.commands.show(name);
    const tab = html('button', { class: 'tab', role: 'tab', 'data-view': name, onclick }, titles[name]);
    this.#tabs.set(name, tab);
    return tab;
  }

  #takeDrops(): void {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      this.element.classList.toggle('dropping', event.type === 'dragover');
    };
    for (const type of ['dragover', 'dragleave'] as const) document.addEventListener(type, over);
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      this.element.classList.remove('dropping');
      const file = event.dataTransfer?.files[0];
      if (file) this.commands.open(file);
    });
  }
}

function helpDialog(): HTMLDialogElement {
  const keys: readonly [string, string][] = [
    ['1 – 5', 'views'],
    ['/', 'search'],
    ['space', 'pause, or follow the present'],
    ['← →', 'one record back or on; with shift, fifty'],
    ['home, end', 'the oldest record, the present'],
    ['↑ ↓', 'the next actor, in the tree'],
    ['o, s', 'open a trace, save this one'],
    ['t', 'light or dark'],
    ['esc', 'leave: search, selection, this'],
  ];
  const rows = keys.flatMap(([key, what]) => [html('dt', {}, html('kbd', {}, key)), html('dd', {}, what)]);
  const link = (href: string, text: string): HTMLElement => html('a', { href, target: '_blank' }, text);
  const stately = link(`stately${location.hash}`, 'Open in the inspector of Stately…');
  const licence = link('layout-licence.txt', 'Charts are laid out by elkjs');
  const links = html('p', { class: 'quiet' }, stately, html('br'), licence);
  const keyList = html('dl', { class: 'facts' }, ...rows);
  const dialog = html('dialog', { class: 'help' }, html('h2', {}, 'Keys'), keyList, links);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return dialog;
}
