import type { MessageId, NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Body } from '../wire/bodies.js';
import { type Newcomer, victimsFor } from './keeping-quotas.js';

/** What is on disk of a parcel, without what only protobuf needs. */
export type StoredParcel = Pick<Body.KeptParcel, 'core' | 'publicKey' | 'signature'>;

/** A message in custody: of this node, or kept for another. */
export interface Item extends Newcomer {
  readonly id: MessageId;
  readonly own: boolean;
  /** Monotonic ms; before the start of the engine where it was restored. */
  readonly bornAt: number;
  readonly expiresAt: number;
  /** Mesh time at which its origin made it, as the origin signed it; 0 where that knew no time. Unix ms. */
  readonly madeAtMs: number;
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
    return victimsFor(
      [...this.#items.values()].filter(({ own }) => !own),
      newcomer,
    );
  }
}
