import type { NodeId } from '../core/ids.js';

/** Neighbours a node keeps at least, where it has so many. */
export const KEPT_LEAST = 3;
/** Further links beyond the core are let go only above this: what two nodes chose at once need not be chosen anew. */
const KEPT_EASILY = 5;
/** Costs this many times as high are of another class: what is measured of a link wavers. */
const COST_CLASS = 4;
const COST_BASE = 10;

export interface Choosing {
  readonly self: NodeId;
  /** What a hop to each neighbour costs. */
  readonly costs: ReadonlyMap<NodeId, number>;
  /** What the link between two neighbours costs, as far as both say that they have it. */
  between(a: NodeId, b: NodeId): number | undefined;
  /** Whether a neighbour keeps this node by its own choice. */
  wants(neighbour: NodeId): boolean;
  /** What this node kept so far. */
  readonly kept: ReadonlySet<NodeId>;
}

/** A place on a circle, the same for all who know the id, in 32 bits. */
function placeOf(node: NodeId): number {
  let place = 0x811c9dc5;
  for (let i = 0; i < node.length; i++) place = Math.imul(place ^ node.charCodeAt(i), 0x01000193);
  return mixed(place);
}

function mixed(word: number): number {
  let value = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

function around(a: number, b: number): number {
  const way = Math.abs(a - b);
  return Math.min(way, 2 ** 32 - way);
}

const classOf = (cost: number): number =>
  Math.max(0, Math.floor(Math.log(Math.max(1, cost / COST_BASE)) / Math.log(COST_CLASS)));

/**
 * Which neighbours a node keeps to pass things on to and to tell others of, of those it hears. After XTC (Wattenhofer and Zollinger 2004): one is left out
 * when a third node has better links to both, for then the two are joined over it. With one strict order of all links, which all nodes share, the links that are
 * kept join whatever all links join: of a loop of links the worst alone is ever left out. Better is cheaper, by classes; among the many equal ones of a
 * network those whose ends are nearer on a circle on which ids are strewn, which keeps two of any crowd: its neighbours to the left and to the right.
 * To these come others by lot, up to three, so that no death cuts the circle and no way around it is long.
 */
export function chooseNeighbours({ self, costs, between, wants, kept }: Choosing): Set<NodeId> {
  const places = new Map<NodeId, number>([[self, placeOf(self)]]);
  for (const node of costs.keys()) places.set(node, placeOf(node));
  const rank = (a: NodeId, b: NodeId, cost: number): Rank => [
    classOf(cost),
    around(places.get(a) as number, places.get(b) as number),
    a < b ? a : b,
    a < b ? b : a,
  ];
  const own = [...costs]
    .map(([node, cost]) => ({ node, rank: rank(self, node, cost) }))
    .sort((a, b) => order(a.rank, b.rank));
  const chosen = new Set<NodeId>();
  own.forEach((one, at) => {
    const isJoined = own.slice(0, at).some(({ node }) => {
      const cost = between(node, one.node);
      return cost !== undefined && order(rank(node, one.node, cost), one.rank) < 0;
    });
    if (!isJoined) chosen.add(one.node);
  });
  addMore(chosen, { self, costs, wants, kept }, (node) =>
    mixed((places.get(node) as number) ^ (places.get(self) as number)),
  );
  return chosen;
}

type Rank = readonly [number, number, string, string];

function order(a: Rank, b: Rank): number {
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [a[i] as number | string, b[i] as number | string];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** Those that others chose count, too: they are kept in any case. */
function addMore(
  chosen: Set<NodeId>,
  { costs, wants, kept }: Omit<Choosing, 'between'>,
  lot: (node: NodeId) => number,
): void {
  const others = [...costs.keys()].filter((node) => !chosen.has(node)).sort((a, b) => lot(a) - lot(b));
  let count = chosen.size + others.filter(wants).length;
  for (const node of others) {
    if (count >= KEPT_EASILY) return;
    if (wants(node) || !kept.has(node)) continue;
    chosen.add(node);
    count++;
  }
  for (const node of others) {
    if (count >= KEPT_LEAST) return;
    if (chosen.has(node) || wants(node)) continue;
    chosen.add(node);
    count++;
  }
}
