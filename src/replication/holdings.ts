import type { NodeId } from '../core/ids.js';
import type { StoreOp } from '../ports/store.js';
import type { Record, RecordCore, SignedBatch, SignedTombstone } from '../wire/gen/edge_pb.js';
import { BatchRefs } from './batch-refs.js';
import { RowFlag } from './columns.js';
import type { Change, Outbox } from './effects.js';
import type { IndexEntry } from './index-entry.js';
import { isTombstoneKey, type RecordKey } from './keys.js';
import { MAX_STORE_BYTES, MAX_STORES, type WeaveLimits } from './limits.js';
import type { Registry } from './registry.js';
import {
  batchOp,
  bytesOf,
  recordOps,
  removeBatchOp,
  removeOps,
  type StoreReader,
  tombstoneOps,
} from './store-layout.js';
import { hashOf, summaryOf } from './summary.js';

const NO_HASH = new Uint8Array(0);

/** Something on its way to the disk. */
export interface Staged {
  readonly entry: IndexEntry;
  readonly hash: Uint8Array;
  /** Whom it came from, when not from here. */
  readonly from?: NodeId;
  readonly body:
    | { readonly core: RecordCore; readonly record: Record; readonly batch: SignedBatch; readonly exact?: Uint8Array }
    | { readonly tombstone: SignedTombstone };
}

interface Item extends Staged {
  /** Erased while on its way: an erase submitted later deletes it again. */
  dead: boolean;
  durable: boolean;
  ticket: number;
  /** Whether its key was not in the registry when it was staged: it will need room. */
  readonly fresh: boolean;
}

interface Operation {
  readonly items: readonly Item[];
  readonly bytes: number;
  /** Records on their way when a tombstone of this operation killed them. */
  readonly killed: readonly Item[];
}

export type Known = Pick<IndexEntry, 'digest' | 'hlc' | 'expiresAt' | 'contentVersion'>;
type Version = Pick<IndexEntry, 'key' | 'digest' | 'hlc' | 'expiresAt'>;

export interface Completed {
  readonly ok: boolean;
  /** What is held now and was not before; when not `ok`, what is not held after all. */
  readonly items: readonly Staged[];
  /** Of these tombstones: how many live records each erased. */
  readonly erased: ReadonlyMap<RecordKey, number>;
}

/** What this node holds, durably (the registry), and what it is about to hold (staged with the store). */
export class Holdings {
  readonly registry: Registry;
  readonly batches = new BatchRefs();
  readonly #store: StoreReader;
  readonly limits: WeaveLimits;
  readonly #out: Outbox;
  readonly #operations = new Map<number, Operation>();
  readonly #staged = new Map<RecordKey, Item>();
  #bytes = 0;
  #freshRecords = 0;
  #freshTombstones = 0;
  #ticket = 0;

  constructor(registry: Registry, store: StoreReader, limits: WeaveLimits, out: Outbox) {
    this.registry = registry;
    this.#store = store;
    this.limits = limits;
    this.#out = out;
  }

  /** Store operations that are not durable yet. */
  get outstanding(): number {
    return this.#operations.size;
  }

  /** Records, durable and on their way. */
  get records(): number {
    return this.registry.records + this.#freshRecords;
  }

  get full(): boolean {
    return this.records >= this.limits.detections;
  }

  get fullOfTombstones(): boolean {
    return this.registry.tombstones + this.#freshTombstones >= this.limits.tombstones;
  }

  get busy(): boolean {
    return this.#operations.size >= MAX_STORES || this.#bytes >= MAX_STORE_BYTES;
  }

  /** The newest of a key, durable or on its way. */
  known(key: RecordKey): Known | undefined {
    const staged = this.#staged.get(key);
    if (staged) return staged.entry;
    const row = this.registry.row(key);
    if (row < 0) return undefined;
    const c = this.registry.columns;
    return {
      digest: this.registry.digestOf(row),
      hlc: c.hlc[row] as bigint,
      expiresAt: c.expires[row] as number,
      contentVersion: c.content[row] as number,
    };
  }

  staged(key: RecordKey): Staged | undefined {
    return this.#staged.get(key);
  }

  /** The operation that will make a staged key durable. */
  ticketOf(key: RecordKey): number | undefined {
    return this.#staged.get(key)?.ticket;
  }

  isErased(hashKey: RecordKey, wall: number): boolean {
    const known = this.known(hashKey);
    return known !== undefined && known.expiresAt > wall;
  }

  /** Hands a group to the store as one atomic batch and returns its ticket. A tombstone takes all its records along. */
  stage(group: readonly Staged[]): number {
    const ops: StoreOp[] = [];
    const killed: Item[] = [];
    const written = new Set<bigint>();
    const items = group.map((staged) => this.#stageOne(staged, ops, written, killed));
    for (const ref of this.batches.takeIdle()) ops.push(removeBatchOp(ref));
    return this.#submit({ items, killed, bytes: bytesOf(ops) }, ops);
  }

  /** Call when the store has answered for a ticket of `stage`. Unknown tickets are ignored. */
  complete(ticket: number, ok: boolean): Completed | undefined {
    const operation = this.#operations.get(ticket);
    if (!operation) return undefined;
    this.#operations.delete(ticket);
    this.#bytes -= operation.bytes;
    const erased = new Map<RecordKey, number>();
    const items: Staged[] = [];
    for (const item of operation.items) {
      if (this.#staged.get(item.entry.key) === item) this.#staged.delete(item.entry.key);
      if (item.fresh) this.#room(item.entry, -1);
      if (ok && this.#commit(item, erased)) items.push(item);
      if (!ok) items.push(item);
      if (!ok && item.entry.batch !== 0n) this.batches.give(item.entry.batch);
    }
    if (!ok) for (const item of operation.killed) this.#revive(item);
    return { ok, items, erased };
  }

  /** Removes up to `limit` records whose time is over; their keys. */
  expire(wall: number, limit: number): { readonly key: RecordKey; readonly digest: bigint }[] {
    const gone: { key: RecordKey; digest: bigint }[] = [];
    const ops: StoreOp[] = [];
    for (const row of this.registry.takeExpired(wall, limit)) {
      const key = this.registry.key(row);
      if (this.#staged.has(key)) {
        // A newer content is on its way to the disk under this key: it decides.
        this.registry.keep(row);
        continue;
      }
      gone.push({ key, digest: this.registry.digestOf(row) });
      if (!this.registry.isTombstone(row)) this.#changed('expired', row, hashOf(this.#store, key) ?? NO_HASH);
      ops.push(...this.#drop(row));
    }
    for (const ref of this.batches.takeIdle()) ops.push(removeBatchOp(ref));
    if (ops.length > 0) this.#submit({ items: [], killed: [], bytes: bytesOf(ops) }, ops);
    return gone;
  }

  #submit(operation: Operation, ops: readonly StoreOp[]): number {
    const ticket = ++this.#ticket;
    for (const item of operation.items) item.ticket = ticket;
    this.#operations.set(ticket, operation);
    this.#bytes += operation.bytes;
    this.#out.push({ kind: 'store', ticket, ops });
    return ticket;
  }

  #stageOne(staged: Staged, ops: StoreOp[], written: Set<bigint>, killed: Item[]): Item {
    const { entry, body } = staged;
    const row = this.registry.row(entry.key);
    const item: Item = {
      ...staged,
      dead: false,
      durable: false,
      ticket: 0,
      fresh: row < 0 && !this.#staged.has(entry.key),
    };
    if (item.fresh) this.#room(entry, 1);
    if ('tombstone' in body) {
      this.#kill(entry.key, ops, killed);
      ops.push(...tombstoneOps(entry, body.tombstone));
    } else {
      ops.push(...recordOps(entry, body.record, body.exact, row >= 0 && this.#hasExact(row)));
      if (this.batches.take(entry.batch) && !written.has(entry.batch)) {
        ops.push(batchOp(entry.batch, body.batch));
        written.add(entry.batch);
      }
    }
    this.#staged.set(entry.key, item);
    return item;
  }

  #kill(hashKey: RecordKey, ops: StoreOp[], killed: Item[]): void {
    for (const row of this.registry.rowsOfHash(hashKey))
      ops.push(...removeOps(this.registry.key(row), this.#hasExact(row)));
    for (const operation of this.#operations.values())
      for (const item of operation.items)
        if (item.entry.hashKey === hashKey && 'core' in item.body && !item.dead) {
          item.dead = true;
          killed.push(item);
          ops.push(...removeOps(item.entry.key, item.body.exact !== undefined));
        }
  }

  /** False when something newer of the key is durable already, or it was erased on the way. */
  #commit(item: Item, erased: Map<RecordKey, number>): boolean {
    item.durable = true;
    if (item.entry.batch !== 0n) this.batches.durable(item.entry.batch);
    const row = this.registry.row(item.entry.key);
    if (item.dead || (row >= 0 && !supersedes(item.entry, this.#version(row)))) {
      if (item.entry.batch !== 0n) this.batches.give(item.entry.batch);
      return false;
    }
    if ('tombstone' in item.body) erased.set(item.entry.key, this.#erase(item));
    this.#enter(item, row);
    return true;
  }

  #enter(item: Item, row: number): void {
    const live = row >= 0;
    if (live && this.registry.columns.batch[row] !== 0n) this.batches.give(this.registry.columns.batch[row] as bigint);
    const now = this.registry.put(item.entry);
    if ('core' in item.body) this.#changed(live ? 'updated' : 'added', now, item.hash);
  }

  #erase(tombstone: Item): number {
    const rows = this.registry.rowsOfHash(tombstone.entry.key);
    for (const row of rows) {
      this.#changed('erased', row, tombstone.hash);
      this.#drop(row);
    }
    return rows.length;
  }

  /** The erase that would have deleted it has failed: it stays after all. */
  #revive(item: Item): void {
    item.dead = false;
    if (!item.durable || this.registry.row(item.entry.key) >= 0) return;
    this.batches.take(item.entry.batch);
    this.#enter(item, -1);
  }

  #drop(row: number): StoreOp[] {
    const ops = removeOps(this.registry.key(row), this.#hasExact(row));
    const batch = this.registry.columns.batch[row] as bigint;
    if (batch !== 0n) this.batches.give(batch);
    this.registry.remove(row);
    return ops;
  }

  #changed(change: Change, row: number, hash: Uint8Array): void {
    this.#out.push({ kind: 'changed', change, record: summaryOf(this.registry, row), hash });
  }

  #hasExact(row: number): boolean {
    return ((this.registry.columns.flags[row] as number) & RowFlag.Exact) !== 0;
  }

  #version(row: number): Version {
    const c = this.registry.columns;
    return {
      key: this.registry.key(row),
      hlc: c.hlc[row] as bigint,
      digest: this.registry.digestOf(row),
      expiresAt: c.expires[row] as number,
    };
  }

  #room(entry: IndexEntry, change: number): void {
    if (entry.flags & RowFlag.Tombstone) this.#freshTombstones += change;
    else this.#freshRecords += change;
  }
}

/**
 * Whether `a` replaces `b` of the same key. Records: by hybrid clock. Tombstones: the one that lives longer. The
 * digest breaks ties, so that all nodes choose the same one of two contents, even of an author who equivocates.
 */
export function supersedes(a: Version, b: Version): boolean {
  if (isTombstoneKey(a.key) && a.expiresAt !== b.expiresAt) return a.expiresAt > b.expiresAt;
  if (a.hlc !== b.hlc) return a.hlc > b.hlc;
  return a.digest > b.digest;
}
