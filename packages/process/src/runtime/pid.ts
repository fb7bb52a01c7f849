import { RuntimeError } from '../errors.js';
import { Future } from '../future/future.js';
import { abandon } from '../future/settlement.js';
import { GONE } from './cell-bits.js';
import type { Cell } from './cell.js';
import { Arguments, NO_ARGUMENTS } from './events.js';
import type { BaseName } from './pid-type.js';

const BASE_NAMES: ReadonlySet<string> = new Set<BaseName>([
  'self',
  'id',
  'then',
  'constructor',
  'initialize',
  'finalize',
  'exited',
  'link',
  'send',
  'install',
  'delegate',
  'route',
]);

/** Requests by these names would make a PID awaitable by accident, or hide what it is. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['then', 'id', 'self']);

/** What all PIDs share. The classes made per process class add the request methods. */
export class Pid {
  #cell: Cell;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  /** `store(1)`, or the id the process was spawned under. */
  get id(): string {
    return this.#cell.id;
  }

  /** The id. */
  toString(): string {
    return this.id;
  }

  /** The id. */
  toJSON(): string {
    return this.id;
  }

  /** @internal Points this address at the next incarnation of its process. */
  redirect(cell: Cell): void {
    this.#cell = cell;
  }

  /**
   * @internal The cell behind a PID, undefined for a stand-in. An address outlives its process: once that is
   *     gone it reaches whoever was spawned under the same id since (libprocess resolves by id too).
   */
  static cellOf(pid: object): Cell | undefined {
    if (!(#cell in pid)) return undefined;
    const cell = pid.#cell;
    if ((cell.bits & GONE) === 0) return cell;
    const successor = cell.runtime!.successorOf(cell);
    if (successor) pid.#cell = successor;
    return successor ?? cell;
  }
}

/**
 * Puts a request into a mailbox. The future that answers it *is* the message: until it is served it holds the
 * method in its value, so a request costs one allocation.
 */
export function request(cell: Cell, method: unknown, args: unknown, bounded: boolean): Future<unknown> {
  const future = Future.pending<unknown>();
  future.value = method;
  if (cell.runtime === undefined) abandon(future);
  else cell.runtime.submit(cell, future, args, bounded);
  return future;
}

type PidClass = new (cell: Cell) => Pid;

/**
 * Made once per class, from its prototype chain. A memo of pure facts, so sharing it between runtimes is
 * harmless.
 */
const classes = new WeakMap<object, PidClass>();

/** A new PID for a cell. */
export function pidFor(cell: Cell): Pid {
  const constructor = cell.process.constructor;
  let made = classes.get(constructor);
  if (!made) classes.set(constructor, (made = pidClass(constructor)));
  return new made(cell);
}

function pidClass(constructor: { readonly name: string; readonly prototype: object }): PidClass {
  const made = class extends Pid {};
  for (const name of requestNames(constructor.prototype)) {
    Object.defineProperty(made.prototype, name, { value: requestMethod(name) });
  }
  Object.defineProperty(made, 'name', { value: `PID<${constructor.name}>` });
  return made;
}

/**
 * The requests of a class: its public methods and those of its ancestors, by the names a PID offers them
 * under.
 *
 * @throws RuntimeError RESERVED_NAME    a class calls a request `then`, `id` or `self`
 */
export function requestNames(prototype: object): string[] {
  const names = new Set<string>();
  let level: object | null = prototype;
  while (level !== null && level !== Object.prototype) {
    const isBase = Object.hasOwn(level, BASE_MARK);
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (isBase) continue;
      if (RESERVED_NAMES.has(name)) {
        throw new RuntimeError('RESERVED_NAME', `${level.constructor.name} may not have a member called '${name}'`);
      }
      if (typeof property.value !== 'function' || BASE_NAMES.has(name) || name.startsWith('_')) continue;
      names.add(name);
    }
    level = Object.getPrototypeOf(level) as object | null;
  }
  return [...names];
}

/** What was asked for last and is a request: most events in a row go to one method, and cost no look-up. */
let lastAsked = '';

/**
 * Whether untyped code may reach `handler` under that name: what a PID does not offer is no request for
 * `dispatch` either, be it of the base class, of every object, or private by its `_`.
 */
export function isRequest(name: string, handler: unknown): boolean {
  if (typeof handler !== 'function') return false;
  if (name === lastAsked) return true;
  if (BASE_NAMES.has(name) || name.startsWith('_')) return false;
  if (name in Object.prototype) return handler !== (Object.prototype as unknown as Record<string, unknown>)[name];
  lastAsked = name;
  return true;
}

/** Marks the prototype of `Process` itself, whose members are the base names. */
export const BASE_MARK: unique symbol = Symbol('process');

function requestMethod(name: string): (this: Pid, ...args: unknown[]) => Future<unknown> {
  // `arguments` instead of a rest parameter: the array is made only for calls that need one, and elsewhere, so that
  // the common call stays small enough to be inlined.
  return function (this: Pid, argument?: unknown): Future<unknown> {
    if (arguments.length !== 1) return requestWith(this, name, arguments);
    return request(Pid.cellOf(this)!, name, argument, true);
  };
}

function requestWith(pid: Pid, name: string, args: ArrayLike<unknown>): Future<unknown> {
  return request(Pid.cellOf(pid)!, name, args.length === 0 ? NO_ARGUMENTS : new Arguments(Array.from(args)), true);
}
