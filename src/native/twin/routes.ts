import { DEFAULT_ROUTE_TTL_MS, type Route, type RouteOptions, type RoutingTable } from '../../ports/hot-path.js';
import { checkId, checkInteger, checkNumber, checkObject, checkThat, checkTime, hotPathError } from '../checks.js';
import { HotPathLimit } from '../limits.js';
import { type RouteColumns, RouteStore } from './route-store.js';

const LINK_MAX = 2_147_483_647;

const scratch = new BigUint64Array(1);
const halves = new Uint32Array(scratch.buffer);

/**
 * Next hops by destination, in typed arrays. Several are kept for each, in order of cost: the first that has not
 * expired serves, unless one is pinned. See native/core/routing_table.hpp, whose twin this is.
 */
export class RoutesTwin implements RoutingTable {
  readonly #store: RouteStore;
  readonly #ttlMs: number;
  /** The latest time offered, for a pin that must make room. */
  #nowMs = 0;

  constructor(options: RouteOptions) {
    checkObject(options, 'options');
    checkInteger(options.capacity, 'capacity', 1, HotPathLimit.Destinations);
    const ttlMs = options.ttlMs ?? DEFAULT_ROUTE_TTL_MS;
    checkInteger(ttlMs, 'ttlMs', 1, 2 ** 53);
    this.#store = new RouteStore(options.capacity);
    this.#ttlMs = ttlMs;
  }

  /** True of what this class made, and of nothing that only looks like it. */
  static isOne(value: unknown): value is RoutesTwin {
    return typeof value === 'object' && value !== null && #store in value;
  }

  get size(): number {
    return this.#store.size;
  }

  get bytes(): number {
    return this.#store.bytes;
  }

  offer(destination: bigint, nextHop: bigint, link: number, cost: number, nowMs: number): boolean {
    checkId(destination, 'destination');
    checkId(nextHop, 'nextHop');
    checkInteger(link, 'link', 0, LINK_MAX);
    checkNumber(cost, 'cost');
    checkTime(nowMs, 'nowMs');
    checkThat(cost >= 0, 'cost must not be negative');
    this.#nowMs = nowMs;
    const withdrawn = cost === Number.POSITIVE_INFINITY;
    const store = this.#store;
    scratch[0] = nextHop;
    const nextLow = halves[0] as number;
    const nextHigh = halves[1] as number;
    let entry = this.#find(destination);
    if (entry < 0) {
      if (withdrawn) return false;
      entry = store.add(halves[0] as number, halves[1] as number, nowMs);
      if (entry < 0) return false;
    }
    const known = store.findHop(entry, nextLow, nextHigh, link);
    if (known >= 0) {
      const changed = store.cost(entry, known) !== cost || !store.isAlive(entry, known, nowMs);
      store.removeHop(entry, known);
      if (!withdrawn) store.place(entry, cost, nowMs + this.#ttlMs, nextLow, nextHigh, link);
      store.dropIfEmpty(entry);
      return changed;
    }
    return !withdrawn && store.placeNew(entry, cost, nowMs, this.#ttlMs, nextLow, nextHigh, link);
  }

  pin(destination: bigint, nextHop: bigint, link: number): void {
    checkId(destination, 'destination');
    checkId(nextHop, 'nextHop');
    checkInteger(link, 'link', 0, LINK_MAX);
    let entry = this.#find(destination);
    if (entry < 0) entry = this.#store.add(halves[0] as number, halves[1] as number, this.#nowMs);
    if (entry < 0) throw hotPathError('routes.full', 'the routing table, all of it pinned, is full');
    scratch[0] = nextHop;
    this.#store.pin(entry, halves[0] as number, halves[1] as number, link);
  }

  unpin(destination: bigint): boolean {
    checkId(destination, 'destination');
    const entry = this.#find(destination);
    if (entry < 0 || !this.#store.isPinned(entry)) return false;
    this.#store.unpin(entry);
    return true;
  }

  lookup(destination: bigint, nowMs: number): Route | undefined {
    checkId(destination, 'destination');
    checkTime(nowMs, 'nowMs');
    const entry = this.#find(destination);
    return entry < 0 ? undefined : this.#routeOf(entry, nowMs);
  }

  /** For the ingest: the link to send on, -1 when there is no route. */
  linkTo(low: number, high: number, nowMs: number): number {
    const entry = this.#store.find(low, high);
    return entry < 0 ? -1 : this.#store.linkOf(entry, nowMs);
  }

  dropLink(link: number): number {
    checkInteger(link, 'link', 0, LINK_MAX);
    return this.#store.dropLink(link);
  }

  expire(nowMs: number): number {
    checkTime(nowMs, 'nowMs');
    return this.#store.expire(nowMs);
  }

  snapshot(nowMs: number): Route[] {
    checkTime(nowMs, 'nowMs');
    const routes: Route[] = [];
    for (let entry = 0; entry < this.#store.size; entry++) {
      const route = this.#routeOf(entry, nowMs);
      if (route) routes.push(route);
    }
    return routes.sort((a, b) => (a.destination < b.destination ? -1 : 1));
  }

  /** Leaves the destination's halves in the scratch words. */
  #find(destination: bigint): number {
    scratch[0] = destination;
    return this.#store.find(halves[0] as number, halves[1] as number);
  }

  #routeOf(entry: number, nowMs: number): Route | undefined {
    const store = this.#store;
    const columns: RouteColumns = store.columns;
    const destination = wide(columns.low, columns.high, entry);
    if (store.isPinned(entry)) {
      const low = columns.pinLow[entry] as number;
      const high = columns.pinHigh[entry] as number;
      const link = columns.pinLink[entry] as number;
      const hop = store.findHop(entry, low, high, link);
      const cost = hop >= 0 && store.isAlive(entry, hop, nowMs) ? store.cost(entry, hop) : 0;
      const nextHop = wide(columns.pinLow, columns.pinHigh, entry);
      return { destination, nextHop, link, cost, expiresAtMs: Number.POSITIVE_INFINITY, pinned: true };
    }
    const hop = store.serving(entry, nowMs);
    if (hop < 0) return undefined;
    const at = entry * HotPathLimit.HopsPerDestination + hop;
    return {
      destination,
      nextHop: wide(columns.hopLow, columns.hopHigh, at),
      link: columns.hopLink[at] as number,
      cost: columns.hopCost[at] as number,
      expiresAtMs: columns.hopExpires[at] as number,
      pinned: false,
    };
  }
}

function wide(low: Uint32Array, high: Uint32Array, at: number): bigint {
  halves[0] = low[at] as number;
  halves[1] = high[at] as number;
  return scratch[0] as bigint;
}
