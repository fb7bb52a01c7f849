import type { CrashPoint } from '@keelson/simulation';
import { crashPoint } from '@keelson/simulation';
import fc from 'fast-check';
import { check, checkEqual } from '../check.js';
import type { Command } from '../command.js';
import { anyCommand, ask, offer } from '../command.js';
import type { ImageKey } from '../images.js';
import { images, referenceOf } from '../images.js';
import { Life } from '../life.js';
import { allSettled, containersAreWhole, listedImagesAreWhole } from '../oracles.js';
import type { Order } from '../order.js';
import { anyOrder } from '../order.js';
import { property } from '../property.js';

/** What a sequential reading of the requests says is there: images by reference with their digest, and containers. */
interface Model {
  readonly images: ReadonlyMap<string, string>;
  readonly containers: ReadonlyMap<string, ImageKey>;
  readonly retagged: boolean;
}

const empty: Model = { images: new Map(), containers: new Map(), retagged: false };

/** The tiny sequential store: what a request that was answered leads to. */
export function afterCommand(model: Model, command: Command): Model {
  const images_ = new Map(model.images);
  const containers = new Map(model.containers);
  const pulled = (image: ImageKey, force: boolean): void => {
    const key = referenceOf(image);
    if (force || !images_.has(key)) images_.set(key, digestNow(image, model.retagged));
  };
  switch (command.kind) {
    case 'pull':
      pulled(command.image, command.force);
      break;
    case 'provision':
      pulled(command.image, false);
      containers.set(command.id, command.image);
      break;
    case 'destroy':
      for (const id of containers.keys()) if (id === command.id || id.startsWith(`${command.id}.`)) containers.delete(id);
      break;
    case 'prune': {
      const kept = new Set(command.exclude.map(referenceOf));
      for (const reference of images_.keys()) if (!kept.has(reference)) images_.delete(reference);
      break;
    }
    case 'untag':
      images_.delete(referenceOf(command.image));
      break;
    case 'retag':
      return { ...model, retagged: true };
    case 'discard':
      break;
  }
  return { images: images_, containers, retagged: model.retagged };
}

function digestNow(image: ImageKey, retagged: boolean): string {
  return images[image === 'web' && retagged ? 'webTwo' : image].manifest.digest;
}

interface Script {
  readonly before: readonly Command[];
  readonly last: Command;
  readonly order: Order;
  readonly crash: CrashPoint;
  readonly again: CrashPoint;
  /** The disk call of the last life that fails, if any. */
  readonly fault: { readonly call: number; readonly errno: string } | undefined;
}

/** One request after the other, then the power goes during the last one, and again during the recovery. */
export const acknowledgedStays = property({
  name: 'P3 what was acknowledged is there after a crash, what was refused is not',
  inputs: (): fc.Arbitrary<Script> =>
    fc.record({
      before: fc.array(anyCommand(['discard']), { maxLength: 5, size: 'max' }),
      last: anyCommand(['discard', 'retag']),
      order: anyOrder(),
      crash: crashPoint({ maxStep: 260 }),
      again: crashPoint({ maxStep: 100 }),
      fault: fc.option(
        fc.record({ call: fc.integer({ min: 20, max: 120 }), errno: fc.constantFrom('ENOSPC', 'EIO', 'EACCES', 'EMFILE') }),
        { nil: undefined },
      ),
    }),
  run: ({ before, last, order, crash, again, fault }) => {
    const { life, model } = inSequence(before);
    const crashed = life.next([], { order, crashAt: crash.step, ...(fault && { faults: [fault] }) });
    const recovered = crashed.world.provisioner.recover([...model.containers.keys()]);
    const asked = crashed.settle() && recovered.isReady() ? offer(crashed, [last]) : [];
    crashed.settle();

    const restarted = crashed.next(crash.fates, { crashAt: again.step });
    const known = [...model.containers.keys(), ...containerOf(last)];
    void restarted.world.provisioner.recover(known);
    restarted.settle();
    const final = restarted.next(again.fates);
    final.recover(known);

    const [answer] = asked.map(({ answer: given }) => given);
    const after = afterCommand(model, last);
    // A provision that is refused may have pulled its image, which is an image like any other.
    const refused = answer?.isFailed() && last.kind !== 'provision';
    const allowed = !answer || refused ? [model] : answer.isReady() ? [after] : [model, after];
    sameImages(final, allowed);
    listedImagesAreWhole(final);
    if (last.kind === 'destroy') return;
    const promised = answer?.isReady() ? after.containers : model.containers;
    const there = containersAreWhole(final, (id) => promised.has(id) && !renewed(id, last, answer?.isReady()));
    for (const id of promised.keys()) check(there.includes(id), `P3: container ${id} was acknowledged and is gone`);
  },
});

/** A second root filesystem of a container that was cut short says nothing about the first, but shows up under its id. */
function renewed(id: string, last: Command, done = false): boolean {
  return last.kind === 'provision' && last.id === id && !done;
}

function containerOf(command: Command): string[] {
  return command.kind === 'provision' ? [command.id] : [];
}

/** Nothing but an answer and the state after it can differ from the sequential store, in whatever order the parts ran. */
export const sequentialStore = property({
  name: 'P3 one request at a time, the store is the sequential store',
  inputs: () => fc.tuple(fc.array(anyCommand(['discard']), { minLength: 1, maxLength: 7, size: 'max' }), anyOrder()),
  runs: 150,
  run: ([wanted, order]) => {
    const { life, model } = inSequence(wanted, order);
    sameImages(life, [model]);
    const ids = containersAreWhole(life).filter((id) => model.containers.has(id));
    checkEqual(ids.toSorted(), [...model.containers.keys()].toSorted(), 'P3: containers');
  },
});

function inSequence(wanted: readonly Command[], order?: Order): { life: Life; model: Model } {
  const life = new Life(order ? { order } : {});
  life.recover();
  let model = empty;
  for (const command of wanted) {
    const answer = ask(life, command);
    life.settle();
    if (answer) allSettled([{ command, answer }]);
    check(answer === undefined || answer.isReady(), () => `P3: ${JSON.stringify(command)} is ${answer?.toString()}`);
    model = afterCommand(model, command);
  }
  return { life, model };
}

function sameImages(life: Life, allowed: readonly Model[]): void {
  const listed = life.now(life.world.metadata.images()).images.map(({ reference, digest }) => [reference, digest]);
  const text = JSON.stringify(listed.toSorted());
  const texts = allowed.map((model) => JSON.stringify([...model.images].toSorted()));
  check(texts.includes(text), () => `P3: listed ${text}, expected ${texts.join(' or ')}`);
}
