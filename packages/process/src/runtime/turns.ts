import { Cell } from './cell.js';
import type { OfferedItem, ReadyItem } from './dispatcher.js';

/** What stands in the run queue: a process with events, one to be initialized, or something from outside. */
export type Turn = Cell | Birth | Offer;

/** A spawned process that is still to run its `initialize`. */
export class Birth {
  next: Turn | undefined = undefined;
  readonly isOver = true;

  constructor(
    readonly cell: Cell,
    readonly id: number,
    readonly cause: number,
  ) {}

  leaveQueue(): void {}
}

/** Something that is no event of a mailbox: a due timer, a completion, a fault. */
export class Offer {
  next: Turn | undefined = undefined;
  readonly isOver = true;

  constructor(
    readonly item: OfferedItem,
    readonly id: number,
    readonly cause: number,
  ) {}

  leaveQueue(): void {}
}

/** When a turn came about; the run queue of a simulation is ordered by it. */
export function ageOf(turn: Turn): number {
  if (!(turn instanceof Cell)) return turn.id;
  const { mailbox } = turn;
  return mailbox === undefined ? 0 : (mailbox.slots[mailbox.at + 2] as number);
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
  const { slots, at } = turn.mailbox!;
  const cause = slots[at + 3] as number;
  return { kind: 'event', process: turn.id, label: turn.runtime!.log.labelOf(slots[at], turn, cause), cause };
}
