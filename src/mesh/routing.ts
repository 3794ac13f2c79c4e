import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { RoutingTable } from '../ports/hot-path.js';
import type { NodeSnapshot } from '../replication/node-state.js';
import { type Link, type Links, linkCost } from './links.js';
import { type Path, Topology } from './topology.js';

/** Cost put on a hop of a path learned from traffic alone, per hop the frame had come. */
const LEARNED_COST_PER_HOP = 100;

export interface RouteEntry {
  readonly destination: NodeId;
  readonly nextHop: NodeId;
  readonly link: Link;
  readonly cost: number;
  readonly hops: number;
  readonly expiresAtMono: number | undefined;
  readonly pinned: boolean;
}

const toKey = (id: NodeId): bigint => BigInt(`0x${id}`);
const fromKey = (key: bigint): NodeId => key.toString(16).padStart(16, '0') as NodeId;

/**
 * Where to send what is meant for one node. In this order: a route a person pinned; the cheapest path through the
 * confirmed topology; the way the node's own traffic came (reverse path), for nodes whose state has not arrived yet.
 */
export class Routing {
  readonly #self: NodeId;
  readonly #links: Links;
  readonly #table: RoutingTable;
  readonly #topology = new Topology();
  #paths = new Map<NodeId, Path>();
  #stale = true;

  constructor(self: NodeId, links: Links, table: RoutingTable) {
    this.#self = self;
    this.#links = links;
    this.#table = table;
  }

  get topology(): Topology {
    return this.#topology;
  }

  /** Takes note of a node's state; true when the topology changed by it. */
  stateChanged(snapshot: NodeSnapshot): boolean {
    const changed = this.#topology.set(snapshot);
    if (changed) this.#stale = true;
    return changed;
  }

  linksChanged(): void {
    this.#stale = true;
  }

  linkGone(link: Link): void {
    this.#table.dropLink(link.id);
    this.#stale = true;
  }

  forget(node: NodeId): void {
    this.#topology.remove(node);
    this.#stale = true;
  }

  /** A frame from `source` came over this link after so many hops: the way back is known. */
  learn(source: NodeId, link: Link, hops: number, now: Instant): void {
    if (link.peer === undefined || source === this.#self) return;
    const cost = linkCost(link) + hops * LEARNED_COST_PER_HOP;
    this.#table.offer(toKey(source), toKey(link.peer), link.id, cost, now.mono);
  }

  pin(destination: NodeId, nextHop: NodeId): boolean {
    const link = this.#links.best(nextHop);
    if (!link) return false;
    this.#table.pin(toKey(destination), toKey(nextHop), link.id);
    return true;
  }

  unpin(destination: NodeId): boolean {
    return this.#table.unpin(toKey(destination));
  }

  /** The link to send over next, leaving out one that has just failed. */
  nextLink(destination: NodeId, now: Instant, without?: Link): Link | undefined {
    const learned = this.#table.lookup(toKey(destination), now.mono);
    if (learned?.pinned) {
      const pinned = this.#links.best(fromKey(learned.nextHop)) ?? this.#links.byId(learned.link);
      if (pinned?.phase === 'up' && pinned !== without) return pinned;
    }
    const path = this.#current().get(destination);
    const direct = path && this.#links.best(path.nextHop);
    if (direct && direct !== without) return direct;
    const back = learned && this.#links.byId(learned.link);
    return back?.phase === 'up' && back !== without ? back : undefined;
  }

  /** Whether a confirmed path leads there: what "alive" means for a node that is not a neighbour. */
  path(node: NodeId): Path | undefined {
    return this.#current().get(node);
  }

  reachable(): ReadonlyMap<NodeId, Path> {
    return this.#current();
  }

  entries(now: Instant): RouteEntry[] {
    const entries = new Map<NodeId, RouteEntry>();
    for (const route of this.#table.snapshot(now.mono)) {
      const link = this.#links.byId(route.link);
      if (!link) continue;
      const destination = fromKey(route.destination);
      entries.set(destination, {
        destination,
        nextHop: fromKey(route.nextHop),
        link,
        cost: route.cost,
        hops: 0,
        expiresAtMono: route.expiresAtMs,
        pinned: route.pinned,
      });
    }
    for (const [destination, path] of this.#current()) {
      const link = this.#links.best(path.nextHop);
      if (!link || entries.get(destination)?.pinned) continue;
      entries.set(destination, { destination, ...path, link, expiresAtMono: undefined, pinned: false });
    }
    return [...entries.values()];
  }

  #current(): Map<NodeId, Path> {
    if (!this.#stale) return this.#paths;
    this.#stale = false;
    const own = new Map<NodeId, number>();
    for (const node of this.#links.neighbours()) {
      const link = this.#links.best(node);
      if (link) own.set(node, linkCost(link));
    }
    this.#paths = this.#topology.pathsFrom(this.#self, own);
    this.#paths.delete(this.#self);
    return this.#paths;
  }
}
