import type { Cell } from './cell.js';
import type { OfferedItem, ReadyItem } from './dispatcher.js';
import { labelOf } from './events.js';

/** A spawned process that is still to run its `initialize`. */
export class Birth {
  constructor(
    readonly cell: Cell,
    readonly id: number,
    readonly cause: number,
  ) {}
}

/** Something that is no event of a mailbox: a due timer, a completion, a fault. */
export class Offer {
  constructor(
    readonly item: OfferedItem,
    readonly id: number,
    readonly cause: number,
  ) {}
}

/** What stands in the run queue. */
export type Turn = Cell | Birth | Offer;

/** When a turn came about; the run queue of a simulation is ordered by it. */
export function ageOf(turn: Turn): number {
  if (turn instanceof Birth || turn instanceof Offer) return turn.id;
  const { mailbox } = turn;
  return mailbox === undefined ? 0 : (mailbox.chunk[mailbox.at + 2] as number);
}

/** A turn as a dispatcher sees it. */
export function readyItem(turn: Turn): ReadyItem {
  if (turn instanceof Birth) {
    return { kind: 'event', process: turn.cell.id, label: 'initialize', cause: turn.cause };
  }
  if (turn instanceof Offer) {
    const { kind, label, process } = turn.item;
    return process === undefined ? { kind, label, cause: turn.cause } : { kind, process, label, cause: turn.cause };
  }
  const { chunk, at } = turn.mailbox!;
  return { kind: 'event', process: turn.id, label: labelOf(chunk[at]), cause: chunk[at + 3] as number };
}
