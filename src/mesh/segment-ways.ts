import type { NodeId } from '../core/ids.js';
import type { NodeSnapshot } from '../replication/node-state.js';
import { memberOf, type SegmentSummary } from '../trust/segment-summary.js';
import { isBetter, type Link, type Links } from './links.js';
import type { Routing } from './routing.js';
import type { SegmentElection } from './segment-election.js';
import type { SegmentMap } from './segment-map.js';

/** What a hop costs on the way through other segments, and how many one is wide: for an estimate. */
const HOP_COST = 30;
const HOPS_PER_SEGMENT = 6;
/** Nodes of other segments whose way was asked for; the one asked for longest ago is forgotten. */
const SOUGHT_MAX = 256;

export interface SegmentWaysMachines {
  readonly self: NodeId;
  readonly map: SegmentMap;
  readonly election: Pick<SegmentElection, 'head' | 'offerOf'>;
  readonly links: Links;
  readonly routing: Routing;
  /** What is known of the nodes of this one's segment. */
  members(): Iterable<NodeSnapshot>;
}

/** Ways to nodes of other segments: from border to border, over segments that name each other. */
export class SegmentWays {
  readonly #machines: SegmentWaysMachines;
  /** Whether a way was known when they were last looked at. */
  readonly #sought = new Map<NodeId, boolean>();

  constructor(machines: SegmentWaysMachines) {
    this.#machines = machines;
  }

  /** How many segments away a node of another one is, where a way is known. */
  distanceTo(node: NodeId): number | undefined {
    const { map, election } = this.#machines;
    let least: number | undefined;
    for (const target of map.of(node)) {
      // Of this one's own segment all is known: who cannot be reached there is not a way round through others.
      if (target === election.head) continue;
      const distance = this.#distance(map.distancesTo(target));
      if (distance !== undefined && (least === undefined || distance < least)) least = distance;
    }
    return least;
  }

  /** Those of the nodes whose way was asked for that `summary` names, and `before` did not. */
  found(summary: SegmentSummary, before: SegmentSummary | undefined): NodeId[] {
    const isNew = (member: number): boolean => summary.members.includes(member) && !before?.members.includes(member);
    return [...this.#sought.keys()].filter((node) => isNew(memberOf(node)));
  }

  /** Those to which no way was known, and now one is: also where what names them never changed, as after a partition. */
  opened(): NodeId[] {
    const opened: NodeId[] = [];
    for (const [node, isKnown] of this.#sought) {
      if (isKnown || this.distanceTo(node) === undefined) continue;
      this.#sought.set(node, true);
      opened.push(node);
    }
    return opened;
  }

  /** A guess at what the way to a node of another segment costs. */
  costTo(node: NodeId): number | undefined {
    const distance = this.distanceTo(node);
    this.#sought.delete(node);
    this.#sought.set(node, distance !== undefined);
    if (this.#sought.size > SOUGHT_MAX) this.#sought.delete(this.#sought.keys().next().value as NodeId);
    return distance === undefined ? undefined : (distance + 1) * HOPS_PER_SEGMENT * HOP_COST;
  }

  /** The link towards a node of another segment: over the border to the one next on the way, or to who is at that border. */
  toward(node: NodeId, suits: (link: Link | undefined) => link is Link): Link | undefined {
    const { head } = this.#machines.election;
    if (head === undefined) return undefined;
    for (const target of this.#machines.map.of(node)) {
      if (target === head) continue;
      const distances = this.#machines.map.distancesTo(target);
      const own = this.#distance(distances);
      // Others come this way for what the head has said: farther would be back to where it came from.
      const isFarther = own !== undefined && own > (distances.get(head) ?? own);
      const link = own === undefined || isFarther ? undefined : this.#over(distances, own, suits);
      if (link) return link;
    }
    return undefined;
  }

  /** How far this node's own segment is away: one more than the nearest of those next to it. */
  #distance(distances: ReadonlyMap<NodeId, number>): number | undefined {
    let least: number | undefined;
    for (const { beyond = [] } of this.#machines.members())
      for (const head of beyond) {
        const distance = distances.get(head);
        if (distance !== undefined && (least === undefined || distance < least)) least = distance;
      }
    return least === undefined ? undefined : least + 1;
  }

  #over(
    distances: ReadonlyMap<NodeId, number>,
    own: number,
    suits: (link: Link | undefined) => link is Link,
  ): Link | undefined {
    const { links, routing, election, self } = this.#machines;
    let over: Link | undefined;
    for (const peer of links.neighbours()) {
      const head = election.offerOf(peer)?.head;
      if (head === undefined || head === election.head || distances.get(head) !== own - 1) continue;
      const link = this.#bestTo(peer, suits);
      if (link && (!over || isBetter(link, over))) over = link;
    }
    if (over) return over;
    let best: { readonly cost: number; readonly link: Link } | undefined;
    for (const { author, beyond = [] } of this.#machines.members()) {
      const path = author === self ? undefined : routing.path(author);
      if (!path || (best && best.cost <= path.cost)) continue;
      if (!beyond.some((head) => distances.get(head) === own - 1)) continue;
      const link = this.#bestTo(path.nextHop, suits);
      if (link) best = { cost: path.cost, link };
    }
    return best?.link;
  }

  #bestTo(peer: NodeId, suits: (link: Link | undefined) => link is Link): Link | undefined {
    let best: Link | undefined;
    for (const link of this.#machines.links.upTo(peer)) if (suits(link) && (!best || isBetter(link, best))) best = link;
    return best;
  }
}
