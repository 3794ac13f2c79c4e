import type { Item } from './kept-items.js';

/** What is done now for a message in custody. Times are monotonic ms; `dueAt` is infinite while nothing can be done. */
export interface CustodyStanding
  extends Pick<Item, 'origin' | 'to' | 'priority' | 'own' | 'bornAt' | 'expiresAt' | 'dueAt'> {
  readonly doing: 'waiting' | 'handing-over' | 'transferring';
  readonly keepers: Iterable<Item['to']>;
  /** The neighbour that handed it over, of what is kept for others. */
  readonly giver?: Item['giver'];
}
