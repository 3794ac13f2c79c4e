import { concat } from '../core/bytes.js';
import { type MessageId, type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import type { Store, StoreOp } from '../ports/store.js';
import { Body, decode, encode } from '../wire/bodies.js';
import type { KeepLog } from './keep-log.js';
import { type Item, KeptItems, type StoredParcel } from './kept-items.js';
import { leastAgeMs, type ParcelView, readCore, signCore } from './parcels.js';
import { type Receipts, Said } from './receipts.js';
import { restedMs } from './rested.js';
import type { MeshContext } from './types.js';

export const CUSTODY_SPACE = 'custody';
/** Keys of parcels in it. */
export const PARCEL_KEYS = { from: 'p/', to: 'p0' } as const;
/** Around the body of a message in custody, on disk and in the quotas. */
export const ITEM_OVERHEAD_BYTES = 256;
/** Keepers and origins are told of what happened for at least so long. */
export const TELL_MS = 120_000;

const NO_GIVER = new Uint8Array(0);
/** As much as the field of a parcel holds. */
const AGE_MAX_MS = 0xffff_ffff;

/** How a message came into custody: `ageMs` by what was said, `memory` until the disk has it. */
interface NewItem {
  readonly memory: StoredParcel | undefined;
  readonly own: boolean;
  readonly ageMs: number;
  readonly giver?: NodeId | undefined;
}

/** How the keeping of another node's message ended here. Times are monotonic ms. */
export interface Parted extends Pick<Item, 'origin' | 'to' | 'priority' | 'bornAt'> {
  readonly what: Said;
  readonly code: string;
  readonly partedAt: number;
}

export type StoreReader = Pick<Store, 'get' | 'range'>;

export const keyOf = (id: MessageId): string => `p/${id}`;
/** Who was ever handed a copy of an own message: node ids, one after the other. */
const handedKey = (id: MessageId): string => `k/${id}`;

/** The messages in custody here: in memory what decides about them, on disk their bytes. */
export class Shelf {
  readonly items = new KeptItems();
  readonly #parted = new Map<MessageId, Parted>();
  readonly #context: MeshContext;
  readonly #store: StoreReader;
  readonly #log: KeepLog;
  readonly #receipts: Receipts;
  /** Nothing is to be done for any of them before. */
  wakeAt = Number.POSITIVE_INFINITY;

  constructor(context: MeshContext, store: StoreReader, log: KeepLog, receipts: Receipts) {
    this.#context = context;
    this.#store = store;
    this.#log = log;
    this.#receipts = receipts;
  }

  add(view: ParcelView, how: NewItem, now: Instant): Item {
    const { memory, own, giver } = how;
    const bornAt = now.mono - Math.max(how.ageMs, leastAgeMs(view, this.#context.pulse, now));
    const item: Item = {
      id: view.id,
      origin: view.origin,
      to: view.to,
      priority: view.priority,
      bytes: view.body.length + ITEM_OVERHEAD_BYTES,
      own,
      giver,
      bornAt,
      expiresAt: bornAt + view.lifeMs,
      madeAtMs: view.madeAtMs,
      memory,
      direct: false,
      dueAt: Number.POSITIVE_INFINITY,
      tries: 0,
      atDoor: false,
      keepers: new Set(),
      handed: new Set(),
      avoid: new Map(),
    };
    this.items.add(item);
    this.wakeAt = Math.min(this.wakeAt, item.expiresAt);
    return item;
  }

  /** Writes it to disk; `done` as soon as that has it, or with the code of why not. */
  write(item: Item, parcel: StoredParcel, now: Instant, done: (code: string | undefined, at: Instant) => void): void {
    const keptAtMs = BigInt(Math.max(0, Math.floor(now.wall)));
    const { core, publicKey, signature } = parcel;
    const ageMs = this.#ageOf(item, now);
    const giver = item.giver === undefined ? NO_GIVER : nodeIdBytes(item.giver);
    const value = encode(Body.KeptParcelSchema, { core, publicKey, signature, ageMs, keptAtMs, giver });
    const op: StoreOp = { op: 'put', space: CUSTODY_SPACE, key: keyOf(item.id), value };
    this.#log.write([op], (code, at) => {
      if (code === undefined) item.memory = undefined;
      done(code, at);
    });
  }

  /** What a disk has under a key; what is none of ours, or spoilt, goes. */
  restore(key: string, value: Uint8Array, now: Instant): Item | undefined {
    const kept = decode(Body.KeptParcelSchema, value);
    const view = kept && readCore(kept.core);
    if (!kept || !view || keyOf(view.id) !== key) {
      this.#context.counters.refuse('custody.disk');
      this.#log.later({ op: 'delete', space: CUSTODY_SPACE, key }, now);
      return undefined;
    }
    const giver = kept.giver.length === 8 ? nodeIdOf(kept.giver) : undefined;
    const ageMs = kept.ageMs + restedMs(kept.keptAtMs, now);
    const item = this.add(view, { memory: undefined, own: kept.publicKey.length === 0, ageMs, giver }, now);
    const handed = item.own ? this.#store.get(CUSTODY_SPACE, handedKey(item.id)) : undefined;
    for (let i = 0; handed && i + 8 <= handed.length; i += 8) item.handed.add(nodeIdOf(handed.subarray(i, i + 8)));
    return item;
  }

  has(item: Item): boolean {
    return this.items.get(item.id) === item;
  }

  due(item: Item, at: number): void {
    item.dueAt = at;
    this.wakeAt = Math.min(this.wakeAt, at);
  }

  /** A neighbour is being handed a copy: from here on it may say what became of it, also after a restart of this node. */
  handTo(item: Item, keeper: NodeId, now: Instant): void {
    item.keepers.add(keeper);
    if (item.handed.has(keeper)) return;
    item.handed.add(keeper);
    const [oldest] = item.handed;
    if (item.handed.size > Limit.HandedPerParcel && oldest !== undefined) item.handed.delete(oldest);
    const value = concat(...[...item.handed].map(nodeIdBytes));
    this.#log.later({ op: 'put', space: CUSTODY_SPACE, key: handedKey(item.id), value }, now);
  }

  drop(item: Item, now: Instant): void {
    if (!this.items.remove(item)) return;
    this.#log.later({ op: 'delete', space: CUSTODY_SPACE, key: keyOf(item.id) }, now);
    if (item.handed.size > 0) this.#log.later({ op: 'delete', space: CUSTODY_SPACE, key: handedKey(item.id) }, now);
  }

  /** Its origin needs no copy here any more. */
  calledBack(item: Item, now: Instant): void {
    this.#part(item, Said.CalledBack, '', now);
    this.drop(item, now);
  }

  /** Of messages of others: what became of those that were kept here lately. */
  parted(id: MessageId): Parted | undefined {
    return this.#parted.get(id);
  }

  #part({ id, origin, to, priority, bornAt }: Item, what: Said, code: string, now: Instant): void {
    this.#parted.delete(id);
    this.#parted.set(id, { origin, to, priority, bornAt, what, code, partedAt: now.mono });
    if (this.#parted.size > Limit.PartedParcels) this.#parted.delete(this.#parted.keys().next().value as MessageId);
  }

  /** Tells the origin what became of a message kept for it. */
  say(item: Item, what: Said, code: string, now: Instant): void {
    this.#part(item, what, code, now);
    const isLast = what === Said.Delivered || what === Said.Refused;
    const expiresAt = Math.max(item.expiresAt, now.mono + TELL_MS);
    this.#receipts.add({ message: item.id, what, code }, item.origin, { durable: isLast, expiresAt }, now);
  }

  /** The parcel as it goes on the air; `undefined` when the disk has lost it. */
  parcelOf(item: Item, now: Instant): Uint8Array | undefined {
    const { crypto, self, counters } = this.#context;
    const stored = this.#storedOf(item);
    if (!stored) {
      counters.refuse('custody.disk');
      return undefined;
    }
    const { core } = stored;
    const publicKey = item.own ? self.keys.publicKey : stored.publicKey;
    const signature = item.own ? signCore(crypto, self.keys, core) : stored.signature;
    return encode(Body.ParcelSchema, { core, publicKey, signature, ageMs: this.#ageOf(item, now) });
  }

  keptBody(id: MessageId): Uint8Array | undefined {
    const item = this.items.get(id);
    const stored = item && !item.own ? this.#storedOf(item) : undefined;
    return stored && readCore(stored.core)?.body;
  }

  #storedOf(item: Item): StoredParcel | undefined {
    if (item.memory) return item.memory;
    const bytes = this.#store.get(CUSTODY_SPACE, keyOf(item.id));
    return bytes && decode(Body.KeptParcelSchema, bytes);
  }

  /** Its time is over: by what is known of its age, also since mesh time is. */
  isOver(item: Item, now: Instant): boolean {
    const lifeMs = item.expiresAt - item.bornAt;
    return item.expiresAt <= now.mono || leastAgeMs(item, this.#context.pulse, now) >= lifeMs;
  }

  #ageOf(item: Item, now: Instant): number {
    const ageMs = Math.max(now.mono - item.bornAt, leastAgeMs(item, this.#context.pulse, now));
    return Math.min(AGE_MAX_MS, Math.max(0, Math.round(ageMs)));
  }
}
