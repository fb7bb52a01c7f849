import type { InspectorRecord } from '../records/record.js';
import { readAddress, writeAddress } from './address.js';
import { ask, connect } from './connection.js';
import type { ConnectionState, Hello } from './connection.js';
import { History } from './history.js';
import { readTrace, writeTrace } from './saved-trace.js';
import type { Commands, Scene, View, ViewName } from './scene.js';
import { Shell } from './shell.js';
import { toggleTheme } from './theme.js';
import { Timeline } from './timeline.js';
import { ActorsView } from './views/actors-view.js';
import { LocksView } from './views/locks-view.js';
import { MachinesView } from './views/machines-view.js';
import { MessagesView } from './views/messages-view.js';
import { StoreView } from './views/store-view.js';

/** While the present is followed, views are drawn this often; whatever the user does is drawn with the next frame. */
const FOLLOW_MS = 125;
/** The sequence of messages is the one picture that is drawn anew each time, and too fast to be read anyway. */
const FOLLOW_MESSAGES_MS = 400;

/** The page: what is known, which moment of it is looked at, and the views that show it. */
export class InspectorPage {
  readonly #live = new History();
  readonly #timeline: Timeline;
  readonly #shell: Shell;
  readonly #views: Readonly<Record<ViewName, View>>;
  readonly #token: string;
  /** The trace out of a file that is shown in place of the stream. */
  #saved: History | undefined;
  #at: number | undefined;
  #view: ViewName;
  #selected: string | undefined;
  #query = '';
  #hello: Hello | undefined;
  #state: ConnectionState = 'connecting';
  #isDirty = true;
  #isUrgent = true;
  #drawnMs = 0;

  constructor() {
    const { token, view, actor } = readAddress();
    this.#token = token;
    this.#view = view;
    this.#selected = actor;
    const commands: Commands = {
      select: (id) => this.#select(id),
      show: (name) => this.show(name),
      goTo: (at) => this.goTo(at),
      refresh: () => this.#changed(),
      ask: (name) => ask(name, token),
    };
    this.#views = {
      actors: new ActorsView(commands),
      machines: new MachinesView(commands),
      messages: new MessagesView(commands),
      locks: new LocksView(commands),
      store: new StoreView(commands),
    };
    this.#timeline = new Timeline({ goTo: (at) => this.goTo(at), toggle: () => this.togglePause() });
    this.#shell = new Shell(
      {
        show: (name) => this.show(name),
        search: (query) => this.#search(query),
        open: (file) => void this.#open(file),
        save: () => this.save(),
        toggleTheme: () => this.toggleTheme(),
        closeTrace: () => this.#closeTrace(),
      },
      this.#timeline.element,
    );
  }

  /** Puts the page into the document and begins to listen. */
  start(): void {
    document.body.append(this.#shell.element);
    this.show(this.#view);
    addEventListener('resize', () => this.#changed());
    const draw = (): void => {
      this.#draw();
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
    if (readAddress().isTrace) void this.#openServed();
    else this.#listen();
  }

  show(name: ViewName): void {
    this.#view = name;
    this.#shell.showView(name, this.#views[name].element);
    writeAddress(name, this.#selected);
    this.#changed();
  }

  /** Looks at a moment; at the end of it all, the present is followed again. */
  goTo(at: number): void {
    const { start, end } = this.#history;
    this.#at = at >= end ? undefined : Math.max(start, at);
    this.#changed();
  }

  goBy(by: number): void {
    this.goTo((this.#at ?? this.#history.end) + by);
  }

  goToStart(): void {
    this.goTo(this.#history.start);
  }

  goToEnd(): void {
    this.goTo(Infinity);
  }

  togglePause(): void {
    this.#at = this.#at === undefined ? this.#history.end : undefined;
    this.#changed();
  }

  focusSearch(): void {
    this.#shell.search.focus();
    this.#shell.search.select();
  }

  /** The search, then the selection. */
  leave(): void {
    if (this.#query !== '') {
      this.#shell.search.value = '';
      this.#search('');
    } else this.#select(undefined);
    this.#shell.search.blur();
  }

  openPicker(): void {
    this.#shell.openPicker();
  }

  toggleHelp(): void {
    this.#shell.toggleHelp();
  }

  toggleTheme(): void {
    toggleTheme();
    this.#changed();
  }

  /** Hands what is recorded to the user as a file. */
  save(): void {
    const text = writeTrace(this.#hello?.title ?? 'trace', this.#history.records);
    const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = 'keelson-trace.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1_000);
  }

  get #history(): History {
    return this.#saved ?? this.#live;
  }

  #listen(): void {
    if (this.#token === '') {
      this.#shell.showStatus('refused');
      this.#shell.showNotice('The address of this page lacks its token. Ask for it again, or open a saved trace.');
      return;
    }
    void connect(this.#token, {
      onState: (state, why) => {
        this.#state = state;
        if (!this.#saved) this.#shell.showStatus(state);
        if (why !== undefined) this.#shell.showNotice(why);
      },
      onHello: (hello) => {
        this.#hello = hello;
        if (!this.#saved) this.#shell.showTitle(hello.title);
      },
      onReset: (records, lost) => {
        this.#live.reset(records, lost);
        this.#grown();
      },
      onRecords: (records) => {
        this.#live.append(records);
        this.#grown();
      },
    });
  }

  async #openServed(): Promise<void> {
    const response = await ask('trace', this.#token);
    const text = await response.text();
    if (response.ok) this.#openText(text);
    else this.#shell.showNotice(text);
  }

  async #open(file: File): Promise<void> {
    this.#openText(await file.text());
  }

  #openText(text: string): void {
    try {
      const { title, failure, records } = readTrace(text);
      this.#showTrace(records);
      this.#shell.showTitle(title);
      this.#shell.showNotice(failure ? `${title}: ${failure}` : `${title}, out of a file`, 'trace');
    } catch (error) {
      this.#shell.showNotice(`This file cannot be shown: ${(error as Error).message}`);
    }
  }

  #showTrace(records: readonly InspectorRecord[]): void {
    this.#saved = new History();
    this.#saved.append(records);
    this.#at = undefined;
    this.#selected = undefined;
    this.#shell.showStatus('saved');
    this.#changed();
  }

  #closeTrace(): void {
    this.#saved = undefined;
    this.#at = undefined;
    this.#shell.showNotice('');
    this.#shell.showStatus(this.#state);
    this.#shell.showTitle(this.#hello?.title ?? 'nobody');
    if (!this.#hello) this.#listen();
    this.#changed();
  }

  #select(id: string | undefined): void {
    this.#selected = id;
    writeAddress(this.#view, id);
    this.#changed();
  }

  #search(query: string): void {
    this.#query = query.trim().toLowerCase();
    this.#changed();
  }

  #changed(): void {
    this.#isDirty = this.#isUrgent = true;
  }

  /** New records came: while the past is looked at only the timeline cares. */
  #grown(): void {
    this.#isDirty = true;
  }

  #draw(): void {
    const now = performance.now();
    const follow = this.#view === 'messages' ? FOLLOW_MESSAGES_MS : FOLLOW_MS;
    const wait = this.#isUrgent ? 0 : follow;
    // The store has no records: it is asked for now and then, and holders' times go on.
    const idle = this.#view === 'store' || this.#view === 'locks' ? 1_000 : Infinity;
    if ((!this.#isDirty || now - this.#drawnMs < wait) && now - this.#drawnMs < idle) return;
    this.#isDirty = this.#isUrgent = false;
    const history = this.#history;
    if (this.#at !== undefined && this.#at < history.start) this.#at = history.start;
    const at = this.#at ?? history.end;
    const table = history.tableAt(at);
    const scene: Scene = {
      history, at, table, isLive: this.#at === undefined, selected: this.#selected, query: this.#query,
      hello: this.#saved ? undefined : this.#hello, isSaved: this.#saved !== undefined,
    };
    this.#timeline.render(history, at, scene.isLive, table.missed, scene.hello);
    this.#views[this.#view].render(scene);
    this.#drawnMs = performance.now();
  }
}
