import type { NodeId } from '../core/ids.js';
import { DEFAULT_TTL } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { CONDITIONS, type NodeSnapshot, type NodeStates } from '../replication/node-state.js';
import { saltHintOf } from '../trust/identity.js';
import type { KnownNodes } from '../trust/known-nodes.js';
import { bootOf, parseSegment, signSegment } from '../trust/segment-summary.js';
import type { Drip } from './drip.js';
import { type DripItem, DripKind } from './drip-items.js';
import type { Links } from './links.js';
import type { OwnState } from './own-state.js';
import type { Peers } from './peers.js';
import type { Routing } from './routing.js';
import { HEAD_DEAD_MS, SegmentElection } from './segment-election.js';
import { SegmentMap } from './segment-map.js';
import { successorOf } from './segment-merging.js';
import { readOffer, writeOffer } from './segment-offer.js';
import { type SegmentsView, segmentsView } from './segment-view.js';
import { SegmentWays } from './segment-ways.js';
import type { MeshContext } from './types.js';

/** A head says anew who is in its segment at most this often, and at the latest after the other time. */
const SUMMARY_EVERY_MS = 10_000;
const SUMMARY_REFRESH_MS = 8 * 60_000;
/** Where there are many segments all of them together say one summary in so long, as everybody hears each, … */
const SUMMARY_EACH_MS = 500;
/** … and sooner for one that is larger or smaller by so much. */
const SUMMARY_OTHER_EACH_MS = 100;
const OTHER_SIZE = 0.2;
/** Two segments that would fit together do so for so long before they become one; the last one is a small mesh for so long. */
const MERGE_AFTER_MS = 14_000;
const WHOLE_AFTER_MS = 30_000;
/** … of so much of the most at most: well below what splits it. */
const WHOLE_BELOW = 0.7;
/** For so long what is known of nodes that are in other segments now is kept: routes go on leading to them meanwhile. */
const PART_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
/** Nodes beyond the most of a segment that show a mesh to be too large; of those named, where so large a part of the most can be reached. */
const ENOUGH = 8;
const HALF_KNOWN = 0.6;
/** States held at most, as a multiple of a segment's most nodes: those that come, those that go, and those that are away. */
const STATES_MOST = 2;
/** A member that has seen no summary of its head's after so long doubts that there is such a head. */
const DOUBT_AFTER_MS = 2 * HEAD_DEAD_MS;
/** Neighbours are told of another head within this. */
const HURRY_MS = 40;
const TTL_PER_SEGMENT = 12;
const TTL_MOST = 255;

export interface SegmentMachines {
  readonly context: MeshContext;
  readonly links: Links;
  readonly known: KnownNodes;
  readonly states: NodeStates;
  readonly peers: Peers;
  readonly routing: Routing;
  readonly ownState: OwnState;
  drip(): Drip;
  /** Of what nodes of all segments hold. */
  digestBeyond(): number;
  /** A node of another segment that was sought is in one. */
  found(node: NodeId, now: Instant): void;
  /** Neighbours are to know soon what the next heartbeat says. */
  hurry(withinMs: number, now: Instant): void;
}

/**
 * A mesh above a limit is one of segments: within one all know all of each other, beyond it what each head says in a
 * summary of who is in its segment and which others lie next to it. Below the limit there are none, and nothing is said of them.
 */
export class Segments {
  readonly map: SegmentMap;
  readonly ways: SegmentWays;
  readonly #machines: SegmentMachines;
  readonly #most: number;
  readonly #election: SegmentElection;
  /** Nodes of other segments of which more is known than is to be, and since when. */
  readonly #parting = new Map<NodeId, number>();
  #beyond: readonly NodeId[] = [];
  #number = 0;
  #said: { readonly names: string; readonly members: number; readonly at: number } | undefined;
  #lookAt = 0;
  /** The segment that this one, whose head this node is, had better join, and since when. */
  #successor: { readonly head: NodeId; readonly since: number } | undefined;
  /** Since when this head's segment has been the only one, and small. */
  #lastSince: number | undefined;

  /** `most`: nodes of one segment. */
  constructor(machines: SegmentMachines, most: number) {
    this.#machines = machines;
    this.#most = most;
    const { context, links, routing } = machines;
    this.map = new SegmentMap(context);
    this.#election = new SegmentElection(context.self, context.random.fork('segments'), most, {
      within: (hops) => this.#within(hops),
      members: () => this.#members().map((node) => this.#machines.routing.path(node)?.hops ?? 0),
      isBacked: (head) => (this.map.get(head)?.members.length ?? 0) > 0,
      bootOf: (node) => machines.known.currentBoot(node)?.counter,
      isLast: (head) => this.#isLast(head),
      changed: (now) => this.#headChanged(now),
    });
    this.ways = new SegmentWays({
      ...{ map: this.map, election: this.#election, self: context.self.id, links, routing },
      members: () => this.#ours(),
    });
  }

  get isSplit(): boolean {
    return this.#election.isSplit;
  }

  get head(): NodeId | undefined {
    return this.#election.head;
  }

  /** What a heartbeat says of it, and the version of that; `undefined` in a mesh that is whole. */
  offer(): { readonly bytes: Uint8Array; readonly version: number } | undefined {
    const offer = this.#election.offer(this.#machines.digestBeyond());
    return offer && { bytes: writeOffer(offer), version: this.#election.version };
  }

  /** A neighbour's heartbeat says which segment it is in; its digest of what all segments hold. */
  heard(peer: NodeId, bytes: Uint8Array, now: Instant): number | undefined {
    const offer = readOffer(bytes);
    if (!offer) {
      this.#machines.context.counters.refuse('heartbeat.malformed');
      return undefined;
    }
    const wasWithUs = this.isWithUs(peer);
    this.#election.heard(peer, offer, now);
    if (!wasWithUs && this.isWithUs(peer)) this.#machines.drip().neighbourWithUs(peer, now);
    this.#neighboursChanged(now);
    return offer.digest;
  }

  neighbourDown(peer: NodeId, now: Instant): void {
    this.#election.forget(peer, now);
    if (this.isSplit) this.#neighboursChanged(now);
  }

  /** Whether a neighbour is in this node's segment. */
  readonly isWithUs = (peer: NodeId): boolean => {
    if (!this.isSplit) return true;
    const { head } = this.#election;
    return head !== undefined && this.#election.offerOf(peer)?.head === head;
  };

  /** Whether a node is, by the newest that is known of it. */
  readonly isOurs = (node: NodeId): boolean => {
    if (!this.isSplit) return true;
    // Who is in no segment yet passes nothing on: most of it would be of nodes of others.
    const { head } = this.#election;
    return head !== undefined && this.#machines.states.get(node)?.segment === head;
  };

  /** Whether a node is known to be in another segment. */
  isOfOther(node: NodeId): boolean {
    const segment = this.#machines.states.get(node)?.segment;
    return this.isSplit && segment !== undefined && segment !== this.#election.head;
  }

  /** Whether a node that was heard of is to be listed among the peers. */
  readonly isListed = (node: NodeId): boolean =>
    !this.isSplit || this.#machines.states.get(node) !== undefined || this.#machines.links.best(node) !== undefined;

  /** Whether a state that `from` passed on is any concern of this node's. */
  readonly isWelcome = (snapshot: NodeSnapshot, from: NodeId, now: Instant): boolean => {
    const { states, context, routing, peers } = this.#machines;
    const known = states.get(snapshot.author) !== undefined;
    if (known || from === snapshot.author) return true;
    const { head } = this.#election;
    if (this.isSplit && (head === undefined || snapshot.segment !== head)) return false;
    // A mesh that is about to split need not know more than it takes to see that.
    const isEnough = !this.isSplit && states.size >= this.#most + ENOUGH && routing.lastReachable >= this.#most;
    if (states.size >= STATES_MOST * this.#most) this.#part(now);
    if (!isEnough && (states.size < STATES_MOST * this.#most || peers.makeRoom(now, PART_AFTER_MS))) return true;
    context.counters.refuse('segment.full');
    return false;
  };

  /** A summary from a neighbour. */
  take(item: Omit<DripItem, 'rank'>, from: NodeId, now: Instant): bigint | undefined {
    const { context, drip } = this.#machines;
    const [before, heldRank] = [this.map.get(item.source), drip().rankOf(DripKind.Segment, item.source)];
    const rank = this.map.take(item, heldRank, from, now);
    const summary = rank === undefined ? undefined : this.map.get(item.source);
    if (item.source === context.self.id) {
      // Our own words of before a restart: what we have to say now takes their place.
      if (rank !== undefined && this.#election.isHead) this.#summarise(now, true);
      else if (rank !== undefined) this.#say([], [0, 0, 0, 0], now);
      return undefined;
    }
    if (summary?.head === this.head && summary?.members.length === 0) this.#election.dissolved(summary.beyond[0], now);
    // Of a head that restarted nothing that it said before counts.
    const isSameBoot = rank !== undefined && heldRank !== undefined && bootOf(rank) === bootOf(heldRank);
    if (summary)
      for (const node of this.ways.found(summary, isSameBoot ? before : undefined)) this.#machines.found(node, now);
    return rank;
  }

  tick(now: Instant): void {
    this.#election.tick(now);
    if (now.mono < this.#lookAt || !this.isSplit) return;
    this.#lookAt = now.mono + LOOK_EVERY_MS;
    for (const item of this.map.expired(now)) this.#machines.drip().remove(item, true, now);
    this.#part(now);
    for (const node of this.ways.opened()) this.#machines.found(node, now);
    if (this.#election.isHead) this.#lead(now);
    else if (
      this.head !== undefined &&
      !this.map.get(this.head) &&
      now.mono - this.#election.joinedAt >= DOUBT_AFTER_MS
    )
      this.#election.doubt(now);
  }

  nextDeadline(): number | undefined {
    const at = this.#election.nextDeadline();
    return at === undefined ? undefined : Math.min(at, this.#lookAt);
  }

  /** Who can be reached was worked out anew. */
  refreshed(now: Instant): void {
    if (!this.isSplit && this.#isTooLarge()) this.#election.split(now);
  }

  /** More can be reached than fit; or so many are named, while those known are few enough to stop at. */
  #isTooLarge(): boolean {
    const { states, routing } = this.#machines;
    const reachable = routing.reachable();
    if (states.size > this.#most && reachable.size >= this.#most) return true;
    if (reachable.size < HALF_KNOWN * this.#most) return false;
    return reachable.size + routing.topology.onlyNamedBy(reachable.keys()) >= this.#most + ENOUGH;
  }

  /** Hops that a message may go: through one segment, or through as many as there are. */
  get ttl(): number {
    return this.isSplit ? Math.min(TTL_MOST, DEFAULT_TTL + TTL_PER_SEGMENT * this.map.size) : DEFAULT_TTL;
  }

  view(): SegmentsView | undefined {
    if (!this.isSplit) return undefined;
    return segmentsView(this.head, this.#members().length, this.map.all());
  }

  // ---- who is in ------------------------------------------------------------------------------------------------------

  *#ours(): Iterable<NodeSnapshot> {
    for (const snapshot of this.#machines.states.all()) if (snapshot.segment === this.head) yield snapshot;
  }

  #members(): NodeId[] {
    const { self } = this.#machines.context;
    const reachable = this.#machines.routing.reachable();
    const members = [self.id];
    for (const { author } of this.#ours()) if (author !== self.id && reachable.has(author)) members.push(author);
    return members;
  }

  #within(hops: number): number {
    const { context, routing } = this.#machines;
    const near = new Set<NodeId>([context.self.id]);
    const reachable = routing.reachable();
    for (const [node, path] of reachable) {
      if (this.#isTaken(node, reachable)) continue;
      if (path.hops <= hops) near.add(node);
      // Those of whom nothing is known yet but that they are there.
      if (path.hops < hops)
        for (const next of routing.topology.edgesOf(node).keys()) if (!this.#isTaken(next, reachable)) near.add(next);
    }
    return near.size;
  }

  /** Whether a node is in another segment, whose head can be reached. */
  #isTaken(node: NodeId, reachable: ReadonlyMap<NodeId, unknown>): boolean {
    const segment = this.#machines.states.get(node)?.segment;
    return segment !== undefined && segment !== this.#machines.context.self.id && reachable.has(segment);
  }

  #headChanged(now: Instant): void {
    const { ownState, drip, hurry } = this.#machines;
    // Members follow where it went.
    const { successor = this.head } = this.#election;
    const isLeft = this.#said !== undefined || (this.head !== undefined && this.#isFollowed());
    if (isLeft && !this.#election.isHead) this.#say([], [0, 0, 0, 0], now, successor === undefined ? [] : [successor]);
    this.#successor = undefined;
    this.#lastSince = undefined;
    this.#beyond = this.#foreignHeads();
    ownState.inSegment(this.head, this.#beyond, now);
    drip().rescope();
    hurry(HURRY_MS, now);
  }

  /** Whether others are in a segment that this node headed, although it has not said yet who is. */
  #isFollowed(): boolean {
    const { states, context } = this.#machines;
    for (const { author, segment } of states.all())
      if (segment === context.self.id && author !== context.self.id) return true;
    return false;
  }

  /** Heads of other segments that neighbours are in. */
  #foreignHeads(): NodeId[] {
    const heads = new Set<NodeId>();
    for (const peer of this.#machines.links.neighbours()) {
      const head = this.#election.offerOf(peer)?.head;
      if (head !== undefined && head !== this.head) heads.add(head);
    }
    return [...heads].sort();
  }

  #neighboursChanged(now: Instant): void {
    const heads = this.#foreignHeads();
    if (heads.length === this.#beyond.length && heads.every((head, i) => head === this.#beyond[i])) return;
    this.#beyond = heads;
    this.#machines.ownState.inSegment(this.head, heads, now);
  }

  /** What is known of nodes of other segments is kept for a while, and let go unless they are neighbours. */
  #part(now: Instant): void {
    const { states, links, peers, context } = this.#machines;
    for (const { author, segment } of states.all()) {
      if (author === context.self.id || segment === this.head || links.best(author)) this.#parting.delete(author);
      else if (!this.#parting.has(author)) this.#parting.set(author, now.mono);
    }
    for (const [node, since] of this.#parting) {
      if (now.mono - since < PART_AFTER_MS && states.size < STATES_MOST * this.#most) continue;
      this.#parting.delete(node);
      if (!peers.forget(node, false, now)) peers.onForgotten(node, false, now);
    }
  }

  /** Whether a head signed that there is no segment but its own, and that it is small. */
  #isLast(head: NodeId | undefined): boolean | undefined {
    const said = head === undefined ? undefined : this.map.get(head);
    return said && said.beyond.length === 0 && said.members.length <= WHOLE_BELOW * this.#most;
  }

  /** What a head does now and then: it says who is in its segment, and ends it where that is for the better. */
  #lead(now: Instant): void {
    const { self } = this.#machines.context;
    this.#summarise(now);
    const successor = successorOf(self.id, this.map.sizes(now), this.#most);
    if (successor === undefined || successor !== this.#successor?.head)
      this.#successor = successor && { head: successor, since: now.mono };
    else if (now.mono - this.#successor.since >= MERGE_AFTER_MS) return this.#election.dissolved(successor, now);
    if (!this.#isLast(self.id)) this.#lastSince = undefined;
    else this.#lastSince ??= now.mono;
    if (this.#lastSince !== undefined && now.mono - this.#lastSince >= WHOLE_AFTER_MS) this.#election.whole(now);
  }

  #summarise(now: Instant, isAgain = false): void {
    const members = this.#members();
    const beyond = new Set<NodeId>();
    const conditions = CONDITIONS.map(() => 0);
    const { states, context } = this.#machines;
    for (const member of members) {
      const snapshot = states.get(member);
      for (const head of member === context.self.id ? this.#beyond : (snapshot?.beyond ?? [])) beyond.add(head);
      const at = CONDITIONS.indexOf(snapshot?.condition ?? 'active');
      conditions[at] = (conditions[at] ?? 0) + 1;
    }
    beyond.delete(context.self.id);
    const heads = [...beyond].sort();
    const names = `${[...members].sort().join()}|${heads.join()}`;
    const sinceMs = isAgain ? Number.POSITIVE_INFINITY : now.mono - (this.#said?.at ?? Number.NEGATIVE_INFINITY);
    const isOther = Math.abs(members.length - (this.#said?.members ?? 0)) > OTHER_SIZE * members.length;
    const eachMs = isOther ? SUMMARY_OTHER_EACH_MS : SUMMARY_EACH_MS;
    const everyMs = Math.max(SUMMARY_EVERY_MS, eachMs * this.map.alive);
    if (sinceMs < (this.#said ? everyMs : 0) || (names === this.#said?.names && sinceMs < SUMMARY_REFRESH_MS)) return;
    this.#say(members, conditions, now, heads);
    this.#said = { names, members: members.length, at: now.mono };
  }

  #say(members: readonly NodeId[], conditions: readonly number[], now: Instant, beyond: readonly NodeId[] = []): void {
    const { self, crypto } = this.#machines.context;
    const body = signSegment(crypto, self, ++this.#number, { members, beyond, conditions });
    const summary = parseSegment(body);
    if (!summary) return;
    const item: DripItem = {
      ...{ kind: DripKind.Segment, source: self.id, saltHint: saltHintOf(self.boot.salt), sequence: 0 },
      ...{ rank: summary.rank, body, raisedAt: now.mono },
    };
    this.map.put(item, summary, now.mono);
    this.#machines.drip().put(item, undefined, now);
    if (members.length === 0) this.#said = undefined;
  }
}
