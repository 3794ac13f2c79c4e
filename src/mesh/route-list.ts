import type { NodeId } from '../core/ids.js';
import { type Link, type Links, linkCost } from './links.js';
import type { Pin } from './pins.js';
import type { Path, Topology } from './topology.js';

/** A neighbour over which a destination may be reached. */
interface RouteWay {
  readonly nextHop: NodeId;
  readonly link: Link;
  readonly cost: number;
  /** It is nearer to the destination than this node: only then it is used. */
  readonly feasible: boolean;
}

export interface RouteEntry {
  readonly destination: NodeId;
  readonly nextHop: NodeId;
  /** Absent of a route that a person set to a neighbour that is not there, and for which nothing else serves. */
  readonly link: Link | undefined;
  readonly cost: number;
  /** 0 where only traffic told of the way. */
  readonly hops: number;
  readonly expiresAtMono: number | undefined;
  /** A person set this route, and it serves. */
  readonly pinned: boolean;
  /** A person set one, whether it serves or not. */
  readonly pin?: Pin;
  /** All the ways, the cheapest first. */
  readonly ways: readonly RouteWay[];
}

/** Neighbours looked at for the list of ways: the nearest. */
const WAYS_MAX = 16;

/** What it costs to reach every node by way of each of the nearest neighbours. */
export class WaysByNeighbour {
  readonly #byNeighbour: readonly {
    readonly link: Link;
    readonly node: NodeId;
    readonly paths: ReadonlyMap<NodeId, Path>;
  }[];

  constructor(links: Links, topology: Topology) {
    const near: { node: NodeId; link: Link; cost: number }[] = [];
    for (const node of links.neighbours()) {
      const link = links.best(node);
      if (link) near.push({ node, link, cost: linkCost(link) });
    }
    near.sort((a, b) => a.cost - b.cost || (a.node < b.node ? -1 : 1));
    this.#byNeighbour = near.slice(0, WAYS_MAX).map(({ node, link }) => {
      const edges = [...topology.edgesOf(node)].filter(([next]) => topology.adjacent(node, next));
      return { node, link, paths: topology.pathsFrom(node, new Map(edges)) };
    });
  }

  /** `limit`: what it costs this node, so far as it knows. */
  to(destination: NodeId, limit: number): RouteWay[] {
    const ways: RouteWay[] = [];
    for (const { node, link, paths } of this.#byNeighbour) {
      const rest = node === destination ? 0 : paths.get(destination)?.cost;
      if (rest === undefined) continue;
      ways.push({ nextHop: node, link, cost: linkCost(link) + rest, feasible: rest < limit });
    }
    return ways.sort((a, b) => a.cost - b.cost || (a.nextHop < b.nextHop ? -1 : 1));
  }
}
