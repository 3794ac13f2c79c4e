import type { NodeId } from '../core/ids.js';
import { Columns, RowFlag } from './columns.js';
import { ExpiryHeap } from './expiry-heap.js';
import { BUCKETS, bucketOf, DEEPEST_BITS, FingerprintTree, type PrefixPrint } from './fingerprint-tree.js';
import type { IndexEntry } from './index-entry.js';
import { Interner } from './interner.js';
import { KeyTable } from './key-table.js';
import { bigOfHalves, hiOf, loOf, type RecordKey } from './keys.js';

const NONE = -1;
/** Stale heap entries are swept when they outnumber the rows by this much. */
const HEAP_SLACK = 1_024;

/**
 * The index of all durable records and tombstones in memory: columns, tables by key, by hash and by stamp, the
 * fingerprint tree and the order of expiry. Bodies stay in the store. Bounded by its owner.
 */
export class Registry {
  readonly columns = new Columns();
  readonly types = new Interner();
  readonly nodes = new Interner();
  readonly spaces = new Interner();
  readonly #byKey: KeyTable;
  readonly #byHash: KeyTable;
  readonly #byStamp: KeyTable;
  readonly #tree = new FingerprintTree();
  readonly #heads = new Int32Array(BUCKETS).fill(NONE);
  readonly #expiry = new ExpiryHeap();
  #records = 0;
  #tombstones = 0;

  constructor(secret: number) {
    this.#byKey = new KeyTable(this.columns.keys, secret);
    this.#byHash = new KeyTable(this.columns.hashes, secret);
    this.#byStamp = new KeyTable(this.columns.stamps, secret);
  }

  get records(): number {
    return this.#records;
  }

  get tombstones(): number {
    return this.#tombstones;
  }

  /** 32 bits that are equal for equal holdings. */
  digest(): number {
    return this.#tree.digest();
  }

  /** The row of a key, or -1. */
  row(key: RecordKey): number {
    return this.#byKey.find(hiOf(key), loOf(key));
  }

  rowOfStamp(stamp: bigint): number {
    return this.#byStamp.find(hiOf(stamp), loOf(stamp));
  }

  /** Rows of all authors' records of a hash, by the key of its tombstone. */
  rowsOfHash(hashKey: bigint): number[] {
    const rows: number[] = [];
    for (let row = this.#byHash.find(hiOf(hashKey), loOf(hashKey)); row >= 0; row = this.columns.same[row] as number)
      rows.push(row);
    return rows;
  }

  isLive(row: number): boolean {
    return ((this.columns.flags[row] as number) & RowFlag.Live) !== 0;
  }

  isTombstone(row: number): boolean {
    return ((this.columns.flags[row] as number) & RowFlag.Tombstone) !== 0;
  }

  key(row: number): RecordKey {
    return bigOfHalves(this.columns.keyHi[row] as number, this.columns.keyLo[row] as number);
  }

  digestOf(row: number): bigint {
    return bigOfHalves(this.columns.digestHi[row] as number, this.columns.digestLo[row] as number);
  }

  /** Whether the 16-bit columns have room for what an entry names. */
  hasRoom(entry: Pick<IndexEntry, 'type' | 'node' | 'space'>): boolean {
    return this.types.hasRoom(entry.type) && this.nodes.hasRoom(entry.node) && this.spaces.hasRoom(entry.space);
  }

  /** Inserts a row or replaces the one of this key. */
  put(entry: IndexEntry): number {
    const old = this.row(entry.key);
    if (old >= 0) this.remove(old);
    const c = this.columns;
    const row = c.take();
    c.keyHi[row] = hiOf(entry.key);
    c.keyLo[row] = loOf(entry.key);
    c.digestHi[row] = hiOf(entry.digest);
    c.digestLo[row] = loOf(entry.digest);
    c.hashHi[row] = hiOf(entry.hashKey);
    c.hashLo[row] = loOf(entry.hashKey);
    c.stampHi[row] = hiOf(entry.stamp);
    c.stampLo[row] = loOf(entry.stamp);
    c.hlc[row] = entry.hlc;
    c.batch[row] = entry.batch;
    c.observed[row] = entry.observedAt;
    c.expires[row] = entry.expiresAt;
    c.content[row] = entry.contentVersion;
    c.type[row] = this.types.take(entry.type);
    c.node[row] = this.nodes.take(entry.node);
    c.space[row] = this.spaces.take(entry.space);
    c.flags[row] = entry.flags | RowFlag.Live;
    this.#link(row);
    this.#expiry.push(entry.expiresAt, row);
    if (this.#expiry.size > 2 * (this.#records + this.#tombstones) + HEAP_SLACK) this.#rebuildExpiry();
    return row;
  }

  remove(row: number): void {
    const c = this.columns;
    const hi = c.keyHi[row] as number;
    this.#tree.remove(hi, c.digestHi[row] as number, c.digestLo[row] as number);
    this.#byKey.remove(row);
    this.#unlinkBucket(row, hi);
    if (this.isTombstone(row)) this.#tombstones -= 1;
    else {
      this.#records -= 1;
      this.#byStamp.remove(row);
      this.#unlinkHash(row);
    }
    this.types.give(c.type[row] as number);
    this.nodes.give(c.node[row] as number);
    this.spaces.give(c.space[row] as number);
    c.give(row);
  }

  print(prefix: number, bits: 0 | 4 | 8 | 12): PrefixPrint {
    return this.#tree.print(prefix, bits);
  }

  /** Up to `limit` rows whose keys begin with the prefix. */
  rowsUnder(prefix: number, bits: number, limit: number): number[] {
    const rows: number[] = [];
    const first = prefix << (DEEPEST_BITS - bits);
    const last = first + (1 << (DEEPEST_BITS - bits));
    for (let bucket = first; bucket < last; bucket++)
      for (let row = this.#heads[bucket] as number; row >= 0; row = this.columns.next[row] as number) {
        if (rows.length >= limit) return rows;
        rows.push(row);
      }
    return rows;
  }

  /** When the next row expires, in Unix milliseconds. */
  get nextExpiry(): number | undefined {
    return this.#expiry.next;
  }

  /** Up to `limit` rows whose time is over. They are out of the order of expiry: remove them or `keep` them. */
  takeExpired(wall: number, limit: number): number[] {
    const rows: number[] = [];
    while (rows.length < limit) {
      const next = this.#expiry.next;
      if (next === undefined || next > wall) break;
      const row = this.#expiry.pop();
      if (this.isLive(row) && this.columns.expires[row] === next && !rows.includes(row)) rows.push(row);
    }
    return rows;
  }

  /** Puts a row taken as expired back into the order. */
  keep(row: number): void {
    this.#expiry.push(this.columns.expires[row] as number, row);
  }

  node(row: number): NodeId {
    return this.nodes.text(this.columns.node[row] as number) as NodeId;
  }

  #link(row: number): void {
    const c = this.columns;
    const hi = c.keyHi[row] as number;
    this.#tree.add(hi, c.digestHi[row] as number, c.digestLo[row] as number);
    this.#byKey.insert(row);
    const bucket = bucketOf(hi);
    const head = this.#heads[bucket] as number;
    c.next[row] = head;
    if (head >= 0) c.previous[head] = row;
    this.#heads[bucket] = row;
    if (this.isTombstone(row)) {
      this.#tombstones += 1;
      return;
    }
    this.#records += 1;
    this.#byStamp.insert(row);
    const first = this.#byHash.find(c.hashHi[row] as number, c.hashLo[row] as number);
    if (first < 0) this.#byHash.insert(row);
    else {
      c.same[row] = c.same[first] as number;
      c.same[first] = row;
    }
  }

  #unlinkBucket(row: number, keyHi: number): void {
    const c = this.columns;
    const [next, previous] = [c.next[row] as number, c.previous[row] as number];
    if (next >= 0) c.previous[next] = previous;
    if (previous >= 0) c.next[previous] = next;
    else this.#heads[bucketOf(keyHi)] = next;
  }

  #unlinkHash(row: number): void {
    const c = this.columns;
    const head = this.#byHash.find(c.hashHi[row] as number, c.hashLo[row] as number);
    const after = c.same[row] as number;
    if (head === row) {
      if (after >= 0) this.#byHash.replace(row, after);
      else this.#byHash.remove(row);
      return;
    }
    let before = head;
    while (c.same[before] !== row) before = c.same[before] as number;
    c.same[before] = after;
  }

  #rebuildExpiry(): void {
    this.#expiry.clear();
    for (let row = 0; row < this.columns.top; row++) if (this.isLive(row)) this.keep(row);
  }
}
