import type { DedupCache, DedupOptions } from '../../ports/hot-path.js';
import { checkArray, checkInteger, checkObject, checkRoom, checkThat, checkTime } from '../checks.js';
import { DEDUP_ID_BYTES, HotPathLimit } from '../limits.js';
import { SlotTable } from './slot-table.js';
import { drawSecret, type TableSecret, tableHash } from './table-hash.js';

const readWord = (b: Uint8Array, at: number): number =>
  (b[at] as number) | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16) | ((b[at + 3] as number) << 24);

/**
 * Ids seen of late: a ring in order of arrival, which is the order of expiry too, and a table into it. An id is not
 * kept longer for being seen again. Time that goes backwards stands still.
 */
export class DedupTwin implements DedupCache {
  readonly #capacity: number;
  readonly #ttlMs: number;
  readonly #secret: TableSecret;
  readonly #table: SlotTable;
  readonly #words: Int32Array;
  /** Milliseconds modulo 2^32: twice the longest ttl fits. */
  readonly #times: Uint32Array;
  #size = 0;
  #oldest = 0;
  #nowMs = 0;

  constructor(options: DedupOptions, secret: TableSecret = drawSecret()) {
    checkObject(options, 'options');
    const { capacity, ttlMs } = options;
    checkInteger(capacity, 'capacity', 1, HotPathLimit.EntriesMax);
    checkInteger(ttlMs, 'ttlMs', 1, HotPathLimit.DedupTtlMs);
    this.#capacity = capacity;
    this.#ttlMs = ttlMs;
    this.#secret = secret;
    this.#table = new SlotTable(capacity);
    this.#words = new Int32Array(capacity * 4);
    this.#times = new Uint32Array(capacity);
  }

  /** True of what this class made, and of nothing that only looks like it. */
  static isOne(value: unknown): value is DedupTwin {
    return typeof value === 'object' && value !== null && #capacity in value;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#table.bytes + this.#words.byteLength + this.#times.byteLength;
  }

  clear(): void {
    if (this.#size > 0) this.#table.clear();
    this.#size = 0;
    this.#oldest = 0;
  }

  seenMany(ids: Uint8Array, nowMs: number, out: Uint8Array): number {
    checkArray(ids, Uint8Array, 'ids');
    checkTime(nowMs, 'nowMs');
    checkArray(out, Uint8Array, 'out');
    checkThat(ids.length % DEDUP_ID_BYTES === 0, `ids must be a whole number of 16-byte ids, not ${ids.length} bytes`);
    const count = ids.length / DEDUP_ID_BYTES;
    checkRoom('out', out.length, count);
    this.advance(nowMs);
    let fresh = 0;
    for (let i = 0; i < count; i++) {
      const at = i * DEDUP_ID_BYTES;
      const isNew = this.take(readWord(ids, at), readWord(ids, at + 4), readWord(ids, at + 8), readWord(ids, at + 12));
      out[i] = isNew ? 0 : 1;
      if (isNew) fresh++;
    }
    return fresh;
  }

  /** For the ingest: what has expired by now goes. */
  advance(nowMs: number): void {
    if (nowMs <= this.#nowMs) return;
    const allExpired = nowMs - this.#nowMs >= this.#ttlMs;
    this.#nowMs = nowMs;
    if (allExpired) this.clear();
    const now = nowMs >>> 0;
    while (this.#size > 0 && (now - (this.#times[this.#oldest] as number)) >>> 0 >= this.#ttlMs) this.#dropOldest();
  }

  /** For the ingest, after `advance`: true when the id, as four little-endian words, was not there; it is now. */
  take(a: number, b: number, c: number, d: number): boolean {
    const hash = tableHash(this.#secret, 4, a, b, c, d);
    const words = this.#words;
    for (let slot = this.#table.first(hash); slot >= 0; slot = this.#table.next()) {
      const at = slot * 4;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return false;
    }
    if (this.#size === this.#capacity) this.#dropOldest();
    const end = this.#oldest + this.#size;
    const slot = end >= this.#capacity ? end - this.#capacity : end;
    words[slot * 4] = a;
    words[slot * 4 + 1] = b;
    words[slot * 4 + 2] = c;
    words[slot * 4 + 3] = d;
    this.#times[slot] = this.#nowMs >>> 0;
    this.#size++;
    this.#table.insert(hash, slot);
    return true;
  }

  #dropOldest(): void {
    this.#table.erase(this.#oldest);
    this.#oldest = this.#oldest + 1 === this.#capacity ? 0 : this.#oldest + 1;
    this.#size--;
  }
}
