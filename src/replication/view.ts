import { fromBinary } from '@bufbuild/protobuf';
import { type NodeId, nodeIdBytes } from '../core/ids.js';
import type { Crypto } from '../ports/crypto.js';
import { type RecordCore, RecordCoreSchema } from '../wire/gen/edge_pb.js';
import { RowFlag } from './columns.js';
import type { RecordSummary } from './effects.js';
import { type RecordKey, recordKey, tombstoneKey } from './keys.js';
import { contentIn, type RecordContent, type RecordVector, vectorIn } from './record-parts.js';
import type { Registry } from './registry.js';
import { lookAtExact, lookAtRecord, readRecord, type StoreReader } from './store-layout.js';
import { summaryOf } from './summary.js';

/** A record with its body. */
interface StoredRecord extends RecordSummary {
  readonly core: RecordCore;
  /** Empty when the vector is not held as int8. */
  readonly int8: Uint8Array;
  readonly scale: number;
}

interface NewestQuery {
  readonly type?: string;
  readonly node?: string;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Only what comes after this one. */
  readonly after?: Position;
  readonly limit: number;
}

/** Where a record stands in a list: newest first, then by key. */
export interface Position {
  readonly observedAt: number;
  readonly key: RecordKey;
}

/** What is held here, to read. `wall` is the present in Unix milliseconds: what has expired is not shown. */
export class WeaveView {
  readonly #registry: Registry;
  readonly #store: StoreReader;
  readonly #crypto: Crypto;

  constructor(registry: Registry, store: StoreReader, crypto: Crypto) {
    this.#registry = registry;
    this.#store = store;
    this.#crypto = crypto;
  }

  /** Live detections held here, those about to be swept included. */
  get count(): number {
    return this.#registry.records;
  }

  get tombstones(): number {
    return this.#registry.tombstones;
  }

  keyOf(author: NodeId, hash: Uint8Array): RecordKey {
    return recordKey(this.#crypto, nodeIdBytes(author), hash);
  }

  find(key: RecordKey, wall: number): RecordSummary | undefined {
    const row = this.#registry.row(key);
    return row >= 0 && this.#isShown(row, wall) ? summaryOf(this.#registry, row) : undefined;
  }

  /** All authors' records of a hash, newest first. */
  ofHash(hash: Uint8Array, wall: number): RecordSummary[] {
    return this.#registry
      .rowsOfHash(tombstoneKey(this.#crypto, hash))
      .filter((row) => this.#isShown(row, wall))
      .sort((a, b) => this.#order(a, b))
      .map((row) => summaryOf(this.#registry, row));
  }

  isErased(hash: Uint8Array, wall: number): boolean {
    const row = this.#registry.row(tombstoneKey(this.#crypto, hash));
    return row >= 0 && (this.#registry.columns.expires[row] as number) > wall;
  }

  /** What search tells of a record; `undefined` when it is not held (any more). A third of what `read` takes. */
  content(key: RecordKey): RecordContent | undefined {
    return this.#registry.row(key) >= 0 ? lookAtRecord(this.#store, key, contentIn) : undefined;
  }

  /** Its vector as int8; `undefined` when it is not held (any more). */
  vector(key: RecordKey): RecordVector | undefined {
    return this.#registry.row(key) >= 0 ? lookAtRecord(this.#store, key, vectorIn) : undefined;
  }

  /** The body from the store: about 30 µs. `undefined` when it is not held (any more). */
  read(key: RecordKey): StoredRecord | undefined {
    const row = this.#registry.row(key);
    const record = row >= 0 ? readRecord(this.#store, key) : undefined;
    if (!record) return undefined;
    try {
      const core = fromBinary(RecordCoreSchema, record.core);
      return { ...summaryOf(this.#registry, row), core, int8: record.int8, scale: record.scale };
    } catch {
      return undefined;
    }
  }

  /**
   * What `read` makes of the vector as it was pushed here: float32, little-endian, the store's own bytes (`Store.look`).
   * Only its origin has it.
   */
  exact<T>(key: RecordKey, read: (bytes: Uint8Array) => T): T | undefined {
    return lookAtExact(this.#store, key, read);
  }

  typeNumber(type: string): number | undefined {
    return this.#registry.types.find(type);
  }

  nodeNumber(node: string): number | undefined {
    return this.#registry.nodes.find(node);
  }

  /** One pass over the columns: about 1 ms for 100,000 rows. */
  newest(query: NewestQuery, wall: number): RecordSummary[] {
    const { columns: c, types, nodes } = this.#registry;
    const type = query.type === undefined ? undefined : types.find(query.type);
    const node = query.node === undefined ? undefined : nodes.find(query.node);
    if ((query.type !== undefined && type === undefined) || (query.node !== undefined && node === undefined)) return [];
    const since = query.sinceMs ?? Number.NEGATIVE_INFINITY;
    const until = query.untilMs ?? Number.POSITIVE_INFINITY;
    let best: number[] = [];
    let floor = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < c.top; row++) {
      const observed = c.observed[row] as number;
      if (observed < floor || observed < since || observed > until || !this.#isShown(row, wall)) continue;
      if ((type !== undefined && c.type[row] !== type) || (node !== undefined && c.node[row] !== node)) continue;
      if (query.after && !this.#isAfter(row, query.after)) continue;
      best.push(row);
      if (best.length < 4 * query.limit + 256) continue;
      // Cutting now and then keeps the pass linear.
      best = best.sort((a, b) => this.#order(a, b)).slice(0, query.limit);
      floor = c.observed[best.at(-1) as number] as number;
    }
    return best
      .sort((a, b) => this.#order(a, b))
      .slice(0, query.limit)
      .map((row) => summaryOf(this.#registry, row));
  }

  /**
   * All records with a vector, for loading an index: `limit` from `cursor` on, with the next cursor and the share of the
   * records that were looked at.
   */
  vectors(
    cursor: number,
    limit: number,
    wall: number,
  ): { readonly records: RecordSummary[]; readonly next?: number; readonly share: number } {
    const records: RecordSummary[] = [];
    let row = cursor;
    for (; row < this.#registry.columns.top && records.length < limit; row++) {
      const flags = this.#registry.columns.flags[row] as number;
      if (flags & (RowFlag.Int8 | RowFlag.Exact) && this.#isShown(row, wall))
        records.push(summaryOf(this.#registry, row));
    }
    const { top } = this.#registry.columns;
    return row < top ? { records, next: row, share: row / top } : { records, share: 1 };
  }

  #isShown(row: number, wall: number): boolean {
    const c = this.#registry.columns;
    return ((c.flags[row] as number) & SHOWN_MASK) === RowFlag.Live && (c.expires[row] as number) > wall;
  }

  #order(a: number, b: number): number {
    const c = this.#registry.columns;
    const time = (c.observed[b] as number) - (c.observed[a] as number);
    if (time !== 0) return time;
    return (c.keyHi[a] as number) - (c.keyHi[b] as number) || (c.keyLo[a] as number) - (c.keyLo[b] as number);
  }

  #isAfter(row: number, position: Position): boolean {
    const observed = this.#registry.columns.observed[row] as number;
    if (observed !== position.observedAt) return observed < position.observedAt;
    return this.#registry.key(row) > position.key;
  }
}

const SHOWN_MASK = RowFlag.Live | RowFlag.Tombstone;
