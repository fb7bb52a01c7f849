import { Life } from './instrument.mjs';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { check, contentsOf, errorTells, everythingIsWhole, newlyOpen, nothingIsLeft, openFiles } from './invariants.mjs';

const { WalkedAgent } = await import('./agent.mjs');
/** A walk takes some ten milliseconds; one that takes this long waits for something that never comes. */
const hangMs = 60_000;

/** Walks one scenario: how many changes it makes, and what each point of it leads to. */
export class Walk {
  constructor(folder, scenario, images) {
    Object.assign(this, { folder, scenario, images });
    this.root = join(folder, 'root');
    this.prepared = join(folder, 'prepared');
  }

  /** Makes the root that every point begins with, and one whole walk: what is clean, and how long it is. */
  async prepare() {
    const { scenario, prepared, root } = this;
    rmSync(prepared, { recursive: true, force: true });
    mkdirSync(prepared);
    if (scenario.before) {
      const agent = await this.#started(prepared);
      await scenario.before(agent);
      await agent.end();
    }
    scenario.litter?.(prepared);
    const life = new Life({ roots: [this.folder] });
    const agent = await this.#begin(life);
    await agent.ask(scenario.walk);
    this.length = life.changes;
    this.clean = await contentsOf(agent);
    await agent.end();
    check(existsSync(root), 'there is no root');
    if (scenario.forgets || scenario.gone) await this.#learnFrom(prepared);
  }

  /** The agent is killed at the `at`-th change, or that change fails with `errno`. */
  async point(at, errno) {
    const { scenario } = this;
    const life = new Life({ at, errno, roots: [this.folder] });
    const agent = await this.#begin(life);
    const before = openFiles(this.folder);
    const asked = agent.ask(scenario.walk).then(
      () => ({ done: true }),
      (error) => ({ error }),
    );
    const outcome = await Promise.race([asked, this.#death(life)]);
    check(outcome.hangs === undefined, () => `${life.point}: the request is never answered`);
    await agent.end();
    this.last = life.point;
    if (life.point === undefined) return { reached: false };
    check(life.strayed.length === 0, () => `outside of the root: ${life.strayed}`);
    if (outcome.error && errno) check(errorTells(outcome.error, errno), () => `the error does not say ${errno}: ${outcome.error.message}`);
    if (outcome.error && !errno) throw outcome.error;
    if (errno) await this.#closesAll(before);
    await this.#next(this.root, outcome, errno);
    return { reached: true, point: life.point };
  }

  /** What must hold of the next life on `root`, which a life that was cut short left. */
  verify(root, outcome) {
    return this.#next(root, outcome, undefined, true);
  }

  /** The next life, and everything that must hold in it. */
  async #next(root, outcome, errno, powerCut = false) {
    const { scenario, clean } = this;
    const agent = await this.#started(root);
    const seen = await contentsOf(agent);
    everythingIsWhole(seen, clean);
    for (const name of this.kept?.images ?? []) check(seen.images.has(name), `${name} was there before, and is not now`);
    for (const id of this.kept?.containers ?? []) check(seen.roots.has(id), `container ${id} was there before, and is not now`);
    if (outcome.done) this.#keepsItsWord(seen);
    else if (outcome.error) this.#refusedIsNotThere(seen);
    await agent.ask(scenario.unstarted ? () => undefined : this.#again(seen));
    everythingIsWhole(await contentsOf(agent), clean);
    const containers = await agent.ask(({ containerizer }) => containerizer.containers());
    for (const { id } of containers) await agent.ask((one) => one.destroy(id));
    await agent.ask(async ({ metadata }) => {
      for (const { reference } of (await metadata.images()).images) await metadata.unpin(reference);
    });
    await agent.ask((one) => one.prune());
    nothingIsLeft(root, { quarantine: powerCut || scenario.litter !== undefined || errno !== undefined });
    await agent.end();
  }

  /** 8: what is under way when an agent ends is closed as soon as it is over. */
  async #closesAll(before) {
    for (let left = newlyOpen(this.folder, before), looks = 0; left.length > 0; left = newlyOpen(this.folder, before)) {
      check((looks += 1) < 500, () => `left open: ${left}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  #keepsItsWord(seen) {
    const { images = [], containers = [], gone = [] } = this.scenario;
    for (const name of images) check(seen.images.has(name), `${name} was acknowledged and is not listed`);
    for (const id of containers) check(seen.roots.has(id), `container ${id} was acknowledged and does not stand`);
    for (const id of gone) check(!seen.roots.has(id), `container ${id} was destroyed and stands`);
  }

  #refusedIsNotThere(seen) {
    const { images = [], containers = [], retags, forgets } = this.scenario;
    if (forgets) return;
    const before = this.kept?.images ?? [];
    // A launch that was refused may have pulled its image.
    const pulledAll = containers.length > 0;
    for (const name of images) check(retags || pulledAll || before.includes(name) || !seen.images.has(name), `${name} was refused and is listed`);
    for (const id of containers) check(!seen.roots.has(id), `container ${id} was refused and stands`);
  }

  /** 5: what was asked for can be asked for again. */
  #again() {
    const { scenario } = this;
    return async (agent) => {
      const known = await agent.containerizer.containers();
      for (const id of scenario.containers ?? []) {
        if (known.some((container) => container.id === id)) await agent.destroy(id);
      }
      await scenario.walk(agent);
    };
  }

  async #learnFrom(prepared) {
    rmSync(this.root, { recursive: true, force: true });
    copyTree(prepared, this.root);
    const agent = await this.#started(this.root);
    const before = await contentsOf(agent);
    for (const part of ['trees', 'roots']) this.clean[part] = new Map([...before[part], ...this.clean[part]]);
    await agent.end();
  }

  /** A copy of the prepared root, and an agent on it that is watched from its first or from its next request on. */
  async #begin(life) {
    const { scenario, root, prepared } = this;
    rmSync(root, { recursive: true, force: true });
    copyTree(prepared, root);
    if (scenario.unstarted) return new WalkedAgent(root, life);
    const { at } = life;
    life.at = Infinity;
    const agent = new WalkedAgent(root, life);
    await agent.start();
    if (this.kept === undefined && scenario.before) {
      const { images, roots } = await contentsOf(agent);
      const { gone = [], forgets } = scenario;
      this.kept = { images: forgets ? [] : [...images.keys()], containers: [...roots.keys()].filter((id) => !gone.includes(id)) };
    }
    life.changes = 0;
    life.at = at;
    return agent;
  }

  async #started(root) {
    const agent = new WalkedAgent(root, new Life({ roots: [this.folder] }));
    await agent.start();
    return agent;
  }

  #death(life) {
    return new Promise((resolve) => {
      const since = Date.now();
      const look = () => {
        if (life.dead) resolve({ killed: true });
        else if (Date.now() - since > hangMs) resolve({ hangs: true });
        else setTimeout(look, 2);
      };
      look();
    });
  }
}

/** Owners and times included: layers are hashed with both. */
function copyTree(from, to) {
  process.getBuiltinModule('node:child_process').execFileSync('cp', ['-a', from, to]);
}
