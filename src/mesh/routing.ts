import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { RoutingTable } from '../ports/hot-path.js';
import type { NodeSnapshot } from '../replication/node-state.js';
import { isBetter as holdsBetter, type Link, type Links, linkCost, serves } from './links.js';
import { type Pin, Pins } from './pins.js';
import { type RouteEntry, WaysByNeighbour } from './route-list.js';
import { type Path, Topology } from './topology.js';
import type { WayKind } from './types.js';

/** Cost put on a hop of a path learned from traffic alone, per hop the frame had come. */
const LEARNED_COST_PER_HOP = 100;

/** Nodes out of reach of which the last next hop is remembered; the one lost first goes first. */
const LAST_VIA_MAX = 1_024;

const toKey = (id: NodeId): bigint => BigInt(`0x${id}`);
const fromKey = (key: bigint): NodeId => key.toString(16).padStart(16, '0') as NodeId;

/** One that answers before one that does not at the moment, then one that holds before one that comes and goes. */
const isBetter = (a: Link, b: Link): boolean => (a.stalled === b.stalled ? holdsBetter(a, b) : b.stalled);

/** Destinations whose costs are worked out between two changes of the topology; the one asked for first goes. */
const COSTS_KEPT = 64;

/** Ways that will not do. */
interface Ruling {
  /** A link that has just failed. */
  readonly without?: Link;
  /** Neighbours that have it already. */
  readonly avoid?: readonly (NodeId | undefined)[];
}

/**
 * Where to send what is meant for one node. In this order: a route a person pinned; paths through the confirmed
 * topology, cheapest first; the way the node's own traffic came (reverse path), for nodes whose state has not arrived yet.
 *
 * A neighbour is a next hop only where it is nearer to the destination than this node is (the feasibility condition of
 * RFC 8966, 3.5.1, on distances of the topology; RFC 5286 calls it loop-free). So each hop comes nearer, and the second
 * best way is as safe as the best. Where none of them answers, one serves whose own way leads elsewhere.
 */
export class Routing {
  readonly #self: NodeId;
  readonly #links: Links;
  readonly #table: RoutingTable;
  readonly #topology = new Topology();
  readonly #costs = new Map<NodeId, ReadonlyMap<NodeId, number>>();
  readonly pins = new Pins();
  #paths = new Map<NodeId, Path>();
  /** Over which neighbour nodes were reached last that are out of reach now. */
  readonly #lastVia = new Map<NodeId, NodeId>();
  #stale = true;
  /** The link towards a node of another segment. */
  beyond: (node: NodeId, suits: (link: Link | undefined) => link is Link) => Link | undefined = () => undefined;
  /** What the way to such a node may cost; `undefined` where none is known. */
  beyondCost: (node: NodeId) => number | undefined = () => undefined;

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

  /** A node does not hear these, whatever its state says; true when the topology changed by it. */
  overrule(node: NodeId, unheard: ReadonlySet<NodeId>): boolean {
    const changed = this.#topology.overrule(node, unheard);
    if (changed) this.#stale = true;
    return changed;
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

  /** The link to send over next. */
  nextLink(destination: NodeId, now: Instant, ruling: Ruling = {}): Link | undefined {
    const suits = (link: Link | undefined): link is Link =>
      link?.phase === 'up' && link !== ruling.without && !ruling.avoid?.includes(link.peer);
    const pin = this.#serving(destination);
    const pinned = pin && this.#bestOf(pin.nextHop, suits);
    if (pinned && !pinned.stalled) return pinned;
    let stalled = pinned;
    for (const { node } of this.nextHops(destination)) {
      const link = this.#bestOf(node, suits);
      if (link && !link.stalled) return link;
      stalled ??= link;
    }
    const aside = this.#aside(destination, suits);
    if (aside) return aside;
    if (stalled) return stalled;
    const answers = (link: Link | undefined): link is Link => suits(link) && !link.stalled;
    const over = this.beyond(destination, answers) ?? this.beyond(destination, suits);
    if (over) return over;
    const learned = this.#table.lookup(toKey(destination), now.mono);
    const back = learned && this.#links.byId(learned.link);
    return suits(back) ? back : undefined;
  }

  /**
   * Where no nearer neighbour answers: one as far or farther whose own way does not lead back over this node (the loop-free
   * alternate of RFC 5286, 3.1).
   */
  #aside(destination: NodeId, suits: (link: Link | undefined) => link is Link): Link | undefined {
    const path = this.#current().get(destination);
    if (!path) return undefined;
    const [costs, toSelf] = [this.#costsTo(destination), this.#costsTo(this.#self)];
    const own = this.#ownCost(path, costs);
    let best: { readonly link: Link; readonly cost: number } | undefined;
    for (const node of this.#links.neighbours()) {
      const [rest, back] = [costs.get(node), toSelf.get(node)];
      if (rest === undefined || back === undefined || rest >= back + own) continue;
      const link = this.#bestOf(node, suits);
      if (!link || link.stalled || !serves(link)) continue;
      const cost = linkCost(link) + rest;
      if (!best || cost < best.cost) best = { link, cost };
    }
    return best?.link;
  }

  /** Why a frame for this node goes over this link. */
  wayKind(destination: NodeId, { peer }: Link): WayKind {
    if (peer !== undefined && this.#serving(destination)?.nextHop === peer) return 'pinned';
    return this.reaches(destination) ? 'path' : 'heard';
  }

  /** Neighbours that are nearer to a node than this one, with the cost of the way over each, cheapest first. */
  nextHops(destination: NodeId): readonly { readonly node: NodeId; readonly cost: number }[] {
    const path = this.#current().get(destination);
    if (!path) return [];
    const costs = this.#costsTo(destination);
    const own = this.#ownCost(path, costs);
    const hops: { node: NodeId; cost: number }[] = [];
    for (const node of this.#links.neighbours()) {
      const [link, rest] = [this.#links.best(node), node === destination ? 0 : costs.get(node)];
      if (!link || !serves(link) || rest === undefined || rest >= own) continue;
      hops.push({ node, cost: linkCost(link) + rest });
    }
    return hops.sort((a, b) => a.cost - b.cost || (a.node < b.node ? -1 : 1));
  }

  /** Neighbours a frame may go to on its way there, the one it would go to now first. */
  waysTo(destination: NodeId, now: Instant): readonly NodeId[] {
    const first = this.nextLink(destination, now)?.peer;
    const others = this.nextHops(destination).flatMap(({ node }) => (node === first ? [] : [node]));
    return first === undefined ? others : [first, ...others];
  }

  /** Whether a confirmed path leads there: what "alive" means for a node that is not a neighbour. */
  path(node: NodeId): Path | undefined {
    return this.#current().get(node);
  }

  /** Whether routes go over the links to a neighbour: of those that come and go only where they are the only way. */
  serves(neighbour: NodeId): boolean {
    const link = this.#links.best(neighbour);
    if (link?.damped) this.#current();
    return link !== undefined && serves(link);
  }

  /** Whether a neighbour would be reached although there were no link to it. */
  reachesWithout(neighbour: NodeId): boolean {
    const own = new Map<NodeId, number>();
    for (const node of this.#links.neighbours()) {
      const link = node === neighbour ? undefined : this.#links.best(node);
      if (link && serves(link)) own.set(node, linkCost(link));
    }
    return this.#topology.pathsFrom(this.#self, own).has(neighbour);
  }

  /** Whether a way is known, within this node's segment or beyond it. */
  reaches(node: NodeId): boolean {
    return this.path(node) !== undefined || this.beyondCost(node) !== undefined;
  }

  /** How many could be reached when that was last worked out. */
  get lastReachable(): number {
    return this.#paths.size;
  }

  /** As `path`, as of when it was last worked out: for what need not be exact. */
  lastPath(node: NodeId): Path | undefined {
    return this.#paths.get(node);
  }

  /** The neighbour over which a node was reached before it went out of reach. */
  lastVia(node: NodeId): NodeId | undefined {
    this.#current();
    return this.#lastVia.get(node);
  }

  reachable(): ReadonlyMap<NodeId, Path> {
    return this.#current();
  }

  /** The route that serves for each destination, and what else there is. */
  entries(now: Instant): RouteEntry[] {
    const entries = new Map<NodeId, Omit<RouteEntry, 'ways'>>();
    for (const route of this.#table.snapshot(now.mono)) {
      const link = this.#links.byId(route.link);
      if (!link) continue;
      const [destination, nextHop] = [fromKey(route.destination), fromKey(route.nextHop)];
      const { cost, expiresAtMs: expiresAtMono } = route;
      entries.set(destination, { destination, nextHop, link, cost, hops: 0, expiresAtMono, pinned: false });
    }
    for (const [destination, path] of this.#current()) {
      const link = this.#links.best(path.nextHop);
      if (link) entries.set(destination, { destination, ...path, link, expiresAtMono: undefined, pinned: false });
    }
    const byNeighbour = new WaysByNeighbour(this.#links, this.#topology);
    const waysTo = (node: NodeId) => byNeighbour.to(node, this.#current().get(node)?.cost ?? 0);
    for (const pin of this.pins.all()) {
      const { destination, nextHop } = pin;
      const link = this.#serving(destination) && this.#links.best(nextHop);
      const before = entries.get(destination);
      if (link) {
        const way = waysTo(destination).find((each) => each.nextHop === nextHop);
        const cost = pin.cost ?? way?.cost ?? linkCost(link);
        const hops = before?.nextHop === nextHop ? before.hops : 0;
        entries.set(destination, {
          destination,
          nextHop,
          link,
          cost,
          hops,
          expiresAtMono: undefined,
          pinned: true,
          pin,
        });
      } else {
        const nothing = { destination, nextHop, link, cost: 0, hops: 0, expiresAtMono: undefined, pinned: false };
        entries.set(destination, { ...(before ?? nothing), pin });
      }
    }
    return [...entries.values()].map((entry) => ({ ...entry, ways: waysTo(entry.destination) }));
  }

  /** The route a person set, where it serves: its cost is not above that of the best way. */
  #serving(destination: NodeId): Pin | undefined {
    const pin = this.pins.get(destination);
    const best = pin?.cost === undefined ? undefined : this.#current().get(destination)?.cost;
    return pin?.cost !== undefined && best !== undefined && best < pin.cost ? undefined : pin;
  }

  /** The cheapest link to a neighbour that suits. */
  #bestOf(node: NodeId, suits: (link: Link) => boolean): Link | undefined {
    let best: Link | undefined;
    for (const link of this.#links.upTo(node)) if (suits(link) && (!best || isBetter(link, best))) best = link;
    return best;
  }

  /**
   * To be compared with costs of others, which go by what this node has said of its links: what it knows of them since may be
   * less, and must not be more, or who goes by way of this node would seem nearer.
   */
  #ownCost(path: Path, costs: ReadonlyMap<NodeId, number>): number {
    return Math.min(path.cost, costs.get(this.#self) ?? path.cost);
  }

  #costsTo(destination: NodeId): ReadonlyMap<NodeId, number> {
    let costs = this.#costs.get(destination);
    if (!costs) {
      costs = this.#topology.costsTo(destination);
      this.#costs.set(destination, costs);
      if (this.#costs.size > COSTS_KEPT) this.#costs.delete(this.#costs.keys().next().value as NodeId);
    }
    return costs;
  }

  #current(): Map<NodeId, Path> {
    if (!this.#stale) return this.#paths;
    this.#stale = false;
    this.#costs.clear();
    const own = new Map<NodeId, number>();
    const spare: [NodeId, Link][] = [];
    for (const node of this.#links.neighbours()) {
      const link = this.#links.best(node);
      if (link && serves(link)) own.set(node, linkCost(link));
      else if (link) spare.push([node, link]);
    }
    const before = this.#paths;
    this.#paths = this.#topology.pathsFrom(this.#self, own);
    // Whoever is not reached otherwise is reached over what there is.
    for (const [node, link] of spare) {
      if (this.#paths.has(node)) continue;
      link.isBridge = true;
      own.set(node, linkCost(link));
      this.#paths = this.#topology.pathsFrom(this.#self, own);
    }
    this.#paths.delete(this.#self);
    for (const [node, { nextHop }] of before) if (!this.#paths.has(node)) this.#lost(node, nextHop);
    return this.#paths;
  }

  #lost(node: NodeId, via: NodeId): void {
    this.#lastVia.delete(node);
    this.#lastVia.set(node, via);
    if (this.#lastVia.size <= LAST_VIA_MAX) return;
    const oldest = this.#lastVia.keys().next();
    if (!oldest.done) this.#lastVia.delete(oldest.value);
  }
}
