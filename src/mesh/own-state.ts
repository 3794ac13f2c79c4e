import type { HybridClock } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import type { Condition, NeighbourEdge, NodeSnapshot, StateFields } from '../replication/node-state.js';
import { earlier } from './egress.js';
import { type Link, type Links, linkCost } from './links.js';
import type { MeshContext } from './types.js';

/** Changes within this time go out as one snapshot. */
const GATHER_MS = 60;
/** Where many hear each other, which links are named becomes clear in several rounds: a link that is there need not be named, or left out, at once. */
const CHOICE_GATHER_MS = 750;
/** Which segment it is in changes with those of its neighbours. */
const SEGMENT_GATHER_MS = 250;
/** Links of slow air, where every snapshot takes seconds from all: what has been otherwise for so long, not what comes and goes. */
const SLOW_GATHER_MS = 900_000;
/** Who is not even heard any more is missed sooner. */
const SLOW_LOSS_MS = 10_000;
/** Of more neighbours some are named, and stay named as long as they are neighbours. */
const SLOW_EDGES_MAX = 12;
/** Counters of a start begin above all of earlier starts, unless one of those changed its state very often. */
const COUNTERS_PER_BOOT = 4_096;
/** What others were told last is withheld for so long at most where one change follows the other: nobody keeps a node from being known. */
export const WITHHELD_MAX_MS = 5_000;
/** A link's cost must change by this factor to be news. */
const COST_NEWS_FACTOR = 2;

/** What others would learn of this node's links: of links that came or went, or only of which it chose. */
const News = { None: 'none', Choice: 'choice', Links: 'links' } as const;
type News = (typeof News)[keyof typeof News];

export interface StatePatch {
  readonly condition?: Condition;
  readonly fields?: { readonly [K in keyof StateFields]?: StateFields[K] | null };
  readonly custom?: Readonly<Record<string, string | number | boolean>> | null;
}

/** This node's own snapshot: what its pipeline and sensors say of it, and whom it hears. */
export class OwnState {
  readonly #self: NodeId;
  readonly #links: Links;
  readonly #clock: HybridClock;
  readonly #name: string;
  readonly #version: string;
  #condition: Condition = 'active';
  #fields: StateFields = {};
  #custom: Readonly<Record<string, string | number | boolean>> = {};
  #edges: readonly NeighbourEdge[] = [];
  #edgeTo = new Map<NodeId, NeighbourEdge>();
  #segment: NodeId | undefined;
  #beyond: readonly NodeId[] = [];
  #counter: number;
  /** Whether others are told of the links to a neighbour. */
  isAnnounced: (neighbour: NodeId) => boolean = () => true;
  /** Whether the links to a neighbour are named only because it chose them. */
  isAccepted: (neighbour: NodeId) => boolean = () => false;
  #dueAt: number | undefined = 0;
  /** Since when one change has followed the other, and when the last one went out. */
  #changingSince = 0;
  #saidAt = Number.NEGATIVE_INFINITY;
  /** Since when what was said of links of slow air is not so any more, and since when somebody in it is gone. */
  #slowNewsAt: number | undefined;
  #slowLossAt: number | undefined;
  #isSaidBriefly = false;
  /** Those that the last snapshot no longer named, for they were gone. */
  #missed = new Set<NodeId>();

  constructor(
    context: Pick<MeshContext, 'self'>,
    links: Links,
    options: { readonly clock: HybridClock; readonly name: string; readonly version: string },
  ) {
    const { id, boot } = context.self;
    this.#self = id;
    this.#links = links;
    this.#clock = options.clock;
    this.#name = options.name;
    this.#version = options.version;
    this.#counter = (boot.counter * COUNTERS_PER_BOOT) % 2 ** 32;
  }

  /** Whether it is for slow air alone, where each byte counts. */
  get isBrief(): boolean {
    return this.#links.onlySlowAir;
  }

  patch(patch: StatePatch, now: Instant): void {
    if (patch.condition) this.#condition = patch.condition;
    if (patch.fields) {
      const merged: Record<string, number | boolean> = { ...(this.#fields as Record<string, number | boolean>) };
      for (const [key, value] of Object.entries(patch.fields)) {
        if (value === null) delete merged[key];
        else if (value !== undefined) merged[key] = value;
      }
      this.#fields = merged;
    }
    if (patch.custom !== undefined) this.#custom = patch.custom ?? {};
    this.#due(now, 0);
  }

  /** Links came, went, or changed their cost. */
  linksChanged(now: Instant): void {
    const news = this.#news();
    const isNews = news !== News.None;
    if (!this.#isPatient()) {
      if (isNews) this.#due(now, news === News.Choice ? CHOICE_GATHER_MS : GATHER_MS);
      return;
    }
    this.#slowNewsAt = isNews ? (this.#slowNewsAt ?? now.mono) : undefined;
    this.#slowLossAt = isNews && this.#misses() ? (this.#slowLossAt ?? now.mono) : undefined;
  }

  /** This node is in another segment, or others lie next to it. */
  inSegment(head: NodeId | undefined, beyond: readonly NodeId[], now: Instant): void {
    this.#segment = head;
    this.#beyond = beyond;
    this.#due(now, SEGMENT_GATHER_MS);
  }

  /** Others hold something newer under our name: say it again, with a newer stamp. */
  repeat(now: Instant): void {
    this.#due(now, GATHER_MS);
  }

  /** Whether what was published last is about to be replaced: it need not be told to anybody any more. A goodbye always is. */
  isAboutToChange(now: Instant): boolean {
    const dueAt = this.nextDeadline();
    if (this.#condition === 'offline' || dueAt === undefined) return false;
    return dueAt - now.mono <= SEGMENT_GATHER_MS && now.mono - this.#changingSince < WITHHELD_MAX_MS;
  }

  /** The snapshot to publish when one is due. */
  tick(now: Instant): NodeSnapshot | undefined {
    const dueAt = this.nextDeadline();
    if (dueAt === undefined || dueAt > now.mono) return undefined;
    this.#dueAt = this.#slowNewsAt = this.#slowLossAt = undefined;
    this.#saidAt = now.mono;
    const before = this.#edges;
    this.#edges = this.#condition === 'offline' ? [] : this.#currentEdges();
    this.#missed = new Set(before.map(({ node }) => node).filter((node) => this.#links.best(node) === undefined));
    this.#edgeTo = new Map(this.#edges.map((edge) => [edge.node, edge]));
    this.#isSaidBriefly = this.isBrief;
    this.#counter++;
    return {
      author: this.#self,
      hlc: this.#clock.tick(now.wall),
      counter: this.#counter,
      name: this.#name,
      condition: this.#condition,
      fields: this.#fields,
      custom: this.#custom,
      neighbours: this.#edges,
      updatedAtMs: now.wall,
      version: this.#version,
      ...(this.#segment !== undefined && { segment: this.#segment }),
      ...(this.#hearsMore() && { earshot: this.#links.neighbourCount }),
      ...(this.#beyond.length > 0 && { beyond: this.#beyond.slice(0, Limit.SegmentNeighbours) }),
    };
  }

  nextDeadline(): number | undefined {
    const [news, loss] = [this.#slowNewsAt, this.#slowLossAt];
    const slow = news === undefined ? undefined : news + SLOW_GATHER_MS;
    return earlier(earlier(this.#dueAt, slow), loss === undefined ? undefined : loss + SLOW_LOSS_MS);
  }

  /** Whether what was said is about slow air, and so are the links there are now, if any. */
  #isPatient(): boolean {
    const isOnAir = this.#links.neighbourCount === 0 ? this.#isSaidBriefly : this.isBrief;
    return isOnAir && this.#edges.length > 0;
  }

  /** Whether somebody that was named is gone, or is not although it was said: who is heard and does not hear us may hear us again. */
  #misses(): boolean {
    for (const node of this.#missed) if (this.#links.best(node)) return true;
    const heard = new Set<NodeId | undefined>();
    for (const { peer } of this.#links.greeting()) heard.add(peer);
    return this.#edges.some(({ node }) => !heard.has(node) && this.#links.best(node) === undefined);
  }

  #hearsMore(): boolean {
    return !this.isBrief && this.#edges.length > 0 && this.#links.neighbourCount > this.#edges.length;
  }

  #due(now: Instant, afterMs: number): void {
    if (this.#dueAt === undefined && now.mono - this.#saidAt > SEGMENT_GATHER_MS) this.#changingSince = now.mono;
    this.#dueAt = Math.min(this.#dueAt ?? Number.POSITIVE_INFINITY, now.mono + afterMs);
  }

  #news(): News {
    if (this.isBrief || this.#links.neighbourCount > Limit.NeighboursPerState) {
      const current = this.#currentEdges();
      return current.length !== this.#edges.length || !sameNews(this.#edgeTo, current) ? News.Links : News.None;
    }
    let [count, isOtherChoice] = [0, false];
    for (const node of this.#links.neighbours()) {
      const link = this.#links.best(node);
      const said = this.#edgeTo.get(node);
      const edge = link && this.isAnnounced(node) ? this.#edge(node, link) : undefined;
      if (said && link) count++;
      if (edge && (!said || isNews(said, edge))) return News.Links;
      if (said && link && said.accepted !== edge?.accepted) isOtherChoice = true;
      if (said && link && !edge) isOtherChoice = true;
    }
    if (count !== this.#edges.length) return News.Links;
    return isOtherChoice ? News.Choice : News.None;
  }

  #edge(node: NodeId, link: Link): NeighbourEdge {
    const radio = link.carrier.name.slice(0, 32);
    return { node, cost: linkCost(link), radio, ...(this.isAccepted(node) && { accepted: true }) };
  }

  #currentEdges(): NeighbourEdge[] {
    const edges: NeighbourEdge[] = [];
    for (const node of this.#links.neighbours()) {
      const link = this.isAnnounced(node) ? this.#links.best(node) : undefined;
      if (link) edges.push(this.#edge(node, link));
    }
    edges.sort((a, b) => a.cost - b.cost);
    if (!this.isBrief || edges.length <= SLOW_EDGES_MAX) return edges.slice(0, Limit.NeighboursPerState);
    return someOf(edges, this.#isSaidBriefly ? this.#edgeTo : new Map());
  }
}

/** Of the edges over slow air, by cost: those that were said before, then the nearest and the farthest, for a mesh may hang together by its longest links. */
function someOf(edges: readonly NeighbourEdge[], said: ReadonlyMap<NodeId, unknown>): NeighbourEdge[] {
  const kept = edges.filter(({ node }) => said.has(node)).slice(0, SLOW_EDGES_MAX);
  const others = edges.filter(({ node }) => !said.has(node));
  const [farthest, farther] = [kept.at(-1), others.at(-1)];
  const isMuchFarther = farthest && farther && farther.cost >= farthest.cost * COST_NEWS_FACTOR;
  if (isMuchFarther && kept.length === SLOW_EDGES_MAX) kept.splice(SLOW_EDGES_MAX / 2, 1);
  const room = SLOW_EDGES_MAX - kept.length;
  const far = Math.ceil(room / 2);
  const chosen = [...kept, ...others.slice(0, room - far), ...(far > 0 ? others.slice(-far) : [])];
  return chosen.sort((a, b) => a.cost - b.cost);
}

/** Whether a link's cost or its radio is another than was said. */
function isNews(said: NeighbourEdge, { cost, radio }: NeighbourEdge): boolean {
  const ratio = cost / said.cost;
  return said.radio !== radio || ratio >= COST_NEWS_FACTOR || ratio <= 1 / COST_NEWS_FACTOR;
}

const sameNews = (said: ReadonlyMap<NodeId, NeighbourEdge>, edges: readonly NeighbourEdge[]): boolean =>
  edges.every((edge) => {
    const before = said.get(edge.node);
    return before !== undefined && before.accepted === edge.accepted && !isNews(before, edge);
  });
