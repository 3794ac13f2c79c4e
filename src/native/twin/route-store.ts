import { HotPathLimit } from '../limits.js';
import { SlotTable } from './slot-table.js';
import { drawSecret, tableHash } from './table-hash.js';

const HOPS = HotPathLimit.HopsPerDestination;
const FIRST_ROOM = 64;

/** One element for each destination, or (`hop…`) `HOPS` of them. */
export interface RouteColumns {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly hopCount: Uint8Array;
  readonly pinned: Uint8Array;
  readonly pinLow: Uint32Array;
  readonly pinHigh: Uint32Array;
  readonly pinLink: Int32Array;
  readonly hopLow: Uint32Array;
  readonly hopHigh: Uint32Array;
  readonly hopLink: Int32Array;
  readonly hopCost: Float64Array;
  readonly hopExpires: Float64Array;
}

const makeColumns = (room: number): RouteColumns => ({
  low: new Uint32Array(room),
  high: new Uint32Array(room),
  hopCount: new Uint8Array(room),
  pinned: new Uint8Array(room),
  pinLow: new Uint32Array(room),
  pinHigh: new Uint32Array(room),
  pinLink: new Int32Array(room),
  hopLow: new Uint32Array(room * HOPS),
  hopHigh: new Uint32Array(room * HOPS),
  hopLink: new Int32Array(room * HOPS),
  hopCost: new Float64Array(room * HOPS),
  hopExpires: new Float64Array(room * HOPS),
});

/** The memory of a routing table: entries without gaps, the hops of each in order of cost. 64-bit ids are in halves. */
export class RouteStore {
  readonly #capacity: number;
  readonly #secret = drawSecret();
  readonly #table: SlotTable;
  #room: number;
  #size = 0;
  columns: RouteColumns;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#room = Math.min(capacity, FIRST_ROOM);
    this.#table = new SlotTable(this.#room);
    this.columns = makeColumns(this.#room);
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    let sum = this.#table.bytes;
    for (const column of Object.values(this.columns) as ArrayBufferView[]) sum += column.byteLength;
    return sum;
  }

  find(low: number, high: number): number {
    const columns = this.columns;
    let slot = this.#table.first(tableHash(this.#secret, 2, low, high, 0, 0));
    while (slot >= 0 && (columns.low[slot] !== low || columns.high[slot] !== high)) slot = this.#table.next();
    return slot;
  }

  /** An entry for a new destination; when full, the costliest makes room. -1 when all are pinned. */
  add(low: number, high: number, nowMs: number): number {
    if (this.#size === this.#capacity) {
      const out = this.#victim(nowMs);
      if (out < 0) return -1;
      this.#remove(out);
    }
    if (this.#size === this.#room) this.#grow();
    const entry = this.#size++;
    const columns = this.columns;
    columns.low[entry] = low;
    columns.high[entry] = high;
    columns.hopCount[entry] = 0;
    columns.pinned[entry] = 0;
    this.#table.insert(tableHash(this.#secret, 2, low, high, 0, 0), entry);
    return entry;
  }

  isPinned(entry: number): boolean {
    return this.columns.pinned[entry] === 1;
  }

  pin(entry: number, low: number, high: number, link: number): void {
    const columns = this.columns;
    columns.pinned[entry] = 1;
    columns.pinLow[entry] = low;
    columns.pinHigh[entry] = high;
    columns.pinLink[entry] = link;
  }

  unpin(entry: number): void {
    this.columns.pinned[entry] = 0;
    this.dropIfEmpty(entry);
  }

  dropIfEmpty(entry: number): void {
    if (this.columns.hopCount[entry] === 0 && this.columns.pinned[entry] === 0) this.#remove(entry);
  }

  cost(entry: number, hop: number): number {
    return this.columns.hopCost[entry * HOPS + hop] as number;
  }

  isAlive(entry: number, hop: number, nowMs: number): boolean {
    return nowMs < (this.columns.hopExpires[entry * HOPS + hop] as number);
  }

  findHop(entry: number, low: number, high: number, link: number): number {
    const { hopCount, hopLow, hopHigh, hopLink } = this.columns;
    for (let hop = 0; hop < (hopCount[entry] as number); hop++) {
      const at = entry * HOPS + hop;
      if (hopLow[at] === low && hopHigh[at] === high && hopLink[at] === link) return hop;
    }
    return -1;
  }

  /** The cheapest live hop, or -1. */
  serving(entry: number, nowMs: number): number {
    const count = this.columns.hopCount[entry] as number;
    for (let hop = 0; hop < count; hop++) if (this.isAlive(entry, hop, nowMs)) return hop;
    return -1;
  }

  linkOf(entry: number, nowMs: number): number {
    if (this.isPinned(entry)) return this.columns.pinLink[entry] as number;
    const hop = this.serving(entry, nowMs);
    return hop < 0 ? -1 : (this.columns.hopLink[entry * HOPS + hop] as number);
  }

  removeHop(entry: number, hop: number): void {
    const count = this.columns.hopCount[entry] as number;
    for (let i = hop + 1; i < count; i++) this.#copyHop(entry * HOPS + i, entry * HOPS + i - 1);
    this.columns.hopCount[entry] = count - 1;
  }

  /** Puts a hop where its cost belongs; the entry has room. */
  place(entry: number, cost: number, expiresAtMs: number, low: number, high: number, link: number): void {
    const columns = this.columns;
    const count = columns.hopCount[entry] as number;
    columns.hopCount[entry] = count + 1;
    let at = entry * HOPS + count;
    for (; at > entry * HOPS && this.#isBefore(cost, low, high, link, at - 1); at--) this.#copyHop(at - 1, at);
    columns.hopCost[at] = cost;
    columns.hopExpires[at] = expiresAtMs;
    columns.hopLow[at] = low;
    columns.hopHigh[at] = high;
    columns.hopLink[at] = link;
  }

  /** A hop the entry does not have: if it is full, an expired or a costlier one goes, else the offer is refused. */
  placeNew(
    entry: number,
    cost: number,
    nowMs: number,
    ttlMs: number,
    low: number,
    high: number,
    link: number,
  ): boolean {
    const { hopCount } = this.columns;
    if (hopCount[entry] === HOPS) {
      for (let hop = HOPS - 1; hop >= 0; hop--) if (!this.isAlive(entry, hop, nowMs)) this.removeHop(entry, hop);
    }
    if (hopCount[entry] === HOPS) {
      if (!this.#isBefore(cost, low, high, link, entry * HOPS + HOPS - 1)) return false;
      hopCount[entry] = HOPS - 1;
    }
    this.place(entry, cost, nowMs + ttlMs, low, high, link);
    return true;
  }

  dropLink(link: number): number {
    const { hopCount, hopLink, pinned, pinLink } = this.columns;
    let lost = 0;
    // Downwards, because removal fills the gap with the last entry.
    for (let entry = this.#size - 1; entry >= 0; entry--) {
      const before = hopCount[entry] as number;
      for (let hop = before - 1; hop >= 0; hop--) {
        if (hopLink[entry * HOPS + hop] === link) this.removeHop(entry, hop);
      }
      const pinGone = pinned[entry] === 1 && pinLink[entry] === link;
      if (pinGone) pinned[entry] = 0;
      if (pinGone || (hopCount[entry] as number) < before) lost++;
      this.dropIfEmpty(entry);
    }
    return lost;
  }

  expire(nowMs: number): number {
    const { hopCount } = this.columns;
    let gone = 0;
    for (let entry = this.#size - 1; entry >= 0; entry--) {
      for (let hop = (hopCount[entry] as number) - 1; hop >= 0; hop--) {
        if (this.isAlive(entry, hop, nowMs)) continue;
        this.removeHop(entry, hop);
        gone++;
      }
      this.dropIfEmpty(entry);
    }
    return gone;
  }

  #isBefore(cost: number, low: number, high: number, link: number, at: number): boolean {
    const { hopCost, hopLow, hopHigh, hopLink } = this.columns;
    if (cost !== hopCost[at]) return cost < (hopCost[at] as number);
    if (high !== hopHigh[at]) return high < (hopHigh[at] as number);
    if (low !== hopLow[at]) return low < (hopLow[at] as number);
    return link < (hopLink[at] as number);
  }

  #copyHop(from: number, to: number): void {
    const { hopCost, hopExpires, hopLow, hopHigh, hopLink } = this.columns;
    hopCost[to] = hopCost[from] as number;
    hopExpires[to] = hopExpires[from] as number;
    hopLow[to] = hopLow[from] as number;
    hopHigh[to] = hopHigh[from] as number;
    hopLink[to] = hopLink[from] as number;
  }

  /** Who makes room: any without a live hop before the costliest; on a tie the greatest destination. */
  #victim(nowMs: number): number {
    const { low, high, pinned } = this.columns;
    let worst = -1;
    let worstCost = -1;
    for (let entry = 0; entry < this.#size; entry++) {
      if (pinned[entry] === 1) continue;
      const hop = this.serving(entry, nowMs);
      const cost = hop < 0 ? Number.POSITIVE_INFINITY : this.cost(entry, hop);
      const greater =
        worst >= 0 &&
        (high[entry] === high[worst]
          ? (low[entry] as number) > (low[worst] as number)
          : (high[entry] as number) > (high[worst] as number));
      if (worst < 0 || cost > worstCost || (cost === worstCost && greater)) {
        worst = entry;
        worstCost = cost;
      }
    }
    return worst;
  }

  #remove(entry: number): void {
    this.#table.erase(entry);
    const last = --this.#size;
    if (last === entry) return;
    this.#table.move(last, entry);
    for (const column of Object.values(this.columns) as Uint32Array[]) {
      const width = column.length / this.#room;
      column.copyWithin(entry * width, last * width, (last + 1) * width);
    }
  }

  #grow(): void {
    this.#room = Math.min(this.#capacity, this.#room * 2);
    this.#table.grow(this.#room);
    const old = this.columns;
    this.columns = makeColumns(this.#room);
    for (const name of Object.keys(old) as (keyof RouteColumns)[]) this.columns[name].set(old[name]);
  }
}
