import { type MessageId, messageIdBytes, messageIdOf } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Store, StoreOp } from '../ports/store.js';

/** Where a node's disk has the ids of users' messages it was given, in order. */
const SPACE = 'delivered';
const KEY_DIGITS = 12;
/** Beyond so many, ids of the engine's own talk make room, whatever is older: users' messages are not to be given twice. */
const PASSING_MAX = Limit.DeliveredIds / 4;

/**
 * Ids of messages that were delivered here, so that each is delivered once: those of users' messages also over a restart,
 * because a copy may lie with a keeper for days. Bounded: the oldest goes first.
 */
export class DeliveredIds {
  /** By id, the key on disk; empty for what need not be remembered over a restart. */
  readonly #keys = new Map<MessageId, string>();
  /** Those that are not on disk, oldest first. */
  readonly #passing = new Set<MessageId>();
  #ops: StoreOp[] = [];
  #next = 1;

  get size(): number {
    return this.#keys.size;
  }

  has(id: MessageId): boolean {
    return this.#keys.has(id);
  }

  /** False when it was there. */
  add(id: MessageId, durable: boolean): boolean {
    if (this.#keys.has(id)) return false;
    const key = durable ? (this.#next++).toString(16).padStart(KEY_DIGITS, '0') : '';
    this.#keys.set(id, key);
    if (!durable) this.#passing.add(id);
    else this.#ops.push({ op: 'put', space: SPACE, key, value: messageIdBytes(id) });
    if (this.#keys.size > Limit.DeliveredIds) this.#forgetOldest();
    return true;
  }

  /** What the disk is to be told since the last call. */
  takeOps(): StoreOp[] {
    const ops = this.#ops;
    this.#ops = [];
    return ops;
  }

  get hasOps(): boolean {
    return this.#ops.length > 0;
  }

  restore(store: Pick<Store, 'range'>): void {
    for (const { key, value } of store.range(SPACE, { limit: Limit.DeliveredIds, reverse: true }).reverse()) {
      if (value.length !== 14) continue;
      this.#keys.set(messageIdOf(value), key);
      this.#next = Math.max(this.#next, Number.parseInt(key, 16) + 1);
    }
  }

  #forgetOldest(): void {
    const [passing] = this.#passing;
    const oldest = this.#keys.keys().next().value;
    const id = passing !== undefined && this.#passing.size > PASSING_MAX ? passing : oldest;
    if (id === undefined) return;
    const key = this.#keys.get(id) as string;
    this.#keys.delete(id);
    this.#passing.delete(id);
    if (key !== '') this.#ops.push({ op: 'delete', space: SPACE, key });
  }
}
