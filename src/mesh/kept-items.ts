import type { MessageId, NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Body } from '../wire/bodies.js';
import type { Priority } from '../wire/frame-types.js';

/** What is on disk of a parcel, without what only protobuf needs. */
export type StoredParcel = Pick<Body.KeptParcel, 'core' | 'publicKey' | 'signature'>;

/** A message in custody: of this node, or kept for another. */
export interface Item {
  readonly id: MessageId;
  readonly origin: NodeId;
  readonly to: NodeId;
  readonly priority: Priority;
  readonly bytes: number;
  readonly own: boolean;
  /** Monotonic ms; before the start of the engine where it was restored. */
  readonly bornAt: number;
  readonly expiresAt: number;
  /** Its bytes while the disk does not have them. */
  memory: StoredParcel | undefined;
  /** Delivery tries it by itself; custody waits. */
  direct: boolean;
  /** When there is something to do; infinite until something happens. */
  dueAt: number;
  /** Hand-overs to the destination in vain. */
  tries: number;
  /** Being handed to its destination. */
  atDoor: boolean;
  /** Nodes that keep a copy, or are being handed one. Of own items. */
  readonly keepers: Set<NodeId>;
  /** Nodes that were ever handed a copy, over restarts too: they and the destination may say what became of it. */
  readonly handed: Set<NodeId>;
  /** Nodes that did not take it, until when they are left alone. */
  readonly avoid: Map<NodeId, number>;
}

type Newcomer = Pick<Item, 'origin' | 'to' | 'priority' | 'bytes'>;

/** All messages in custody here, by id, and what the quotas say. */
export class KeptItems {
  readonly #items = new Map<MessageId, Item>();
  #own = 0;
  #ownBytes = 0;

  get own(): number {
    return this.#own;
  }

  get kept(): number {
    return this.#items.size - this.#own;
  }

  get ownBytes(): number {
    return this.#ownBytes;
  }

  get keptBytes(): number {
    let bytes = 0;
    for (const item of this.#items.values()) if (!item.own) bytes += item.bytes;
    return bytes;
  }

  get(id: MessageId): Item | undefined {
    return this.#items.get(id);
  }

  all(): IterableIterator<Item> {
    return this.#items.values();
  }

  add(item: Item): void {
    this.#items.set(item.id, item);
    if (!item.own) return;
    this.#own++;
    this.#ownBytes += item.bytes;
  }

  remove(item: Item): boolean {
    if (!this.#items.delete(item.id)) return false;
    if (item.own) {
      this.#own--;
      this.#ownBytes -= item.bytes;
    }
    return true;
  }

  hasRoomForOwn(bytes: number): boolean {
    return this.#own < Limit.OwnParcels && this.#ownBytes + bytes <= Limit.OwnParcelBytes;
  }

  /** What must go so that a message of another node finds a place; `undefined` when it finds none. */
  victimsFor(newcomer: Newcomer): Item[] | undefined {
    const kept = new Set([...this.#items.values()].filter(({ own }) => !own));
    const victims: Item[] = [];
    for (;;) {
      const { any, destination } = exceeded(kept, newcomer);
      if (!any && !destination) return victims;
      const victim = leastOf(kept, newcomer, destination);
      if (!victim) return undefined;
      kept.delete(victim);
      victims.push(victim);
    }
  }
}

/** Whether a quota of the whole or of the origin, and whether that of the destination, would be exceeded. */
function exceeded(kept: ReadonlySet<Item>, { origin, to, bytes }: Newcomer): { any: boolean; destination: boolean } {
  const [all, from, towards] = [
    { n: 1, bytes },
    { n: 1, bytes },
    { n: 1, bytes },
  ];
  for (const item of kept) {
    const counts = [all, ...(item.origin === origin ? [from] : []), ...(item.to === to ? [towards] : [])];
    for (const count of counts) {
      count.n++;
      count.bytes += item.bytes;
    }
  }
  return {
    any:
      all.n > Limit.KeptParcels ||
      all.bytes > Limit.KeptParcelBytes ||
      from.n > Limit.KeptPerOrigin ||
      from.bytes > Limit.KeptBytesPerOrigin,
    destination: towards.n > Limit.KeptPerDestination || towards.bytes > Limit.KeptBytesPerDestination,
  };
}

/** The least urgent, of those the oldest, of the same origin; nothing that is more urgent than what comes. */
function leastOf(kept: ReadonlySet<Item>, newcomer: Newcomer, sameDestination: boolean): Item | undefined {
  let least: Item | undefined;
  for (const item of kept) {
    if (item.origin !== newcomer.origin || item.priority < newcomer.priority) continue;
    if (sameDestination && item.to !== newcomer.to) continue;
    const goesFirst = !least || item.priority > least.priority;
    if (goesFirst || (item.priority === least?.priority && item.bornAt < least.bornAt)) least = item;
  }
  return least;
}
