import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { NodeSnapshot } from '../replication/node-state.js';
import { isSlowAir } from './carrier.js';
import { type Links, linkCost, serves } from './links.js';
import { chooseNeighbours } from './neighbour-choice.js';
import type { Topology } from './topology.js';

/** From so many neighbours on, beside those over slow air, some are enough; and down to so many it stays so. */
const CHOOSE_ABOVE = 16;
const CHOOSE_AGAIN_ABOVE = 12;
/** Changes within this time are looked at together. */
const LOOK_AFTER_MS = 250;
/** What links cost changes without further notice. */
const LOOK_EVERY_MS = 10_000;
/** Who is not reached over the chosen links for so long is kept after all: what others said may be wrong, or late. */
const UNREACHED_MS = 1_000;

/** Nodes whose words are remembered; the one heard of longest ago goes first. */
const SAID_MAX = 1_024;

interface Said {
  /** It names this node by its own choice. */
  readonly wants: boolean;
  /** How many it hears. */
  readonly earshot: number;
}

export interface StandbyEvents {
  /** A neighbour is to be passed on to from now on, or no longer. */
  changed(neighbour: NodeId, isActive: boolean, now: Instant): void;
  /** What others are told of this node's links is not true any more. */
  news(now: Instant): void;
}

/**
 * Where many hear each other each node passes on to a few of its neighbours, and tells others of those alone: who chose whom stands in the nodes' states, and a
 * link serves when either end chose it. The others stand by: they are watched, and take what is meant for that neighbour.
 */
export class Standby {
  readonly #self: NodeId;
  readonly #links: Links;
  readonly #topology: Topology;
  readonly #events: StandbyEvents;
  readonly #said = new Map<NodeId, Said>();
  #kept: ReadonlySet<NodeId> = new Set();
  /** Named to others only because the other end chose the link. */
  #accepted: ReadonlySet<NodeId> = new Set();
  readonly #unreachedSince = new Map<NodeId, number>();
  #chooses = false;
  #dueAt: number | undefined;

  constructor(self: NodeId, links: Links, topology: Topology, events: StandbyEvents) {
    this.#self = self;
    this.#links = links;
    this.#topology = topology;
    this.#events = events;
  }

  isAccepted(neighbour: NodeId): boolean {
    return this.#accepted.has(neighbour);
  }

  /** Whether things are passed on to some of the neighbours alone. */
  get chooses(): boolean {
    return this.#chooses;
  }

  /** How many a node hears, as it says itself. */
  earshotOf(node: NodeId): number {
    return this.#said.get(node)?.earshot ?? 0;
  }

  /** A node's state is newer. True when it hears fewer than before. */
  noted({ author, neighbours, earshot = neighbours.length, condition }: NodeSnapshot, now: Instant): boolean {
    const before = this.#said.get(author);
    const edge = neighbours.find(({ node }) => node === this.#self);
    const heard = condition === 'offline' ? 0 : earshot;
    this.#said.delete(author);
    if (this.#said.size >= SAID_MAX) this.#said.delete(this.#said.keys().next().value as NodeId);
    this.#said.set(author, { wants: edge !== undefined && !edge.accepted, earshot: heard });
    if (this.#links.best(author)) this.due(now);
    return before === undefined || heard < before.earshot;
  }

  /** Links came or went. */
  due(now: Instant): void {
    this.#dueAt = Math.min(this.#dueAt ?? Number.POSITIVE_INFINITY, now.mono + LOOK_AFTER_MS);
  }

  tick(now: Instant): void {
    if (this.#dueAt === undefined || now.mono < this.#dueAt) return;
    this.#dueAt = undefined;
    const costs = this.#costs();
    this.#chooses = costs.size > (this.#chooses ? CHOOSE_AGAIN_ABOVE : CHOOSE_ABOVE);
    const kept = this.#chooses ? this.#choose(costs, now) : new Set(costs.keys());
    const accepted = new Set([...costs.keys()].filter((node) => !kept.has(node) && this.#wants(node)));
    this.#apply(costs, kept, accepted, now);
    if (this.#chooses) this.#dueAt ??= now.mono + LOOK_EVERY_MS;
  }

  nextDeadline(): number | undefined {
    return this.#dueAt;
  }

  #costs(): Map<NodeId, number> {
    const costs = new Map<NodeId, number>();
    for (const node of this.#links.neighbours()) {
      const link = this.#links.best(node);
      if (link && !isSlowAir(link.carrier) && serves(link)) costs.set(node, linkCost(link));
    }
    return costs;
  }

  /** Until a node has said whom it chose it may have chosen this one. */
  #wants(node: NodeId): boolean {
    return this.#said.get(node)?.wants ?? true;
  }

  #choose(costs: ReadonlyMap<NodeId, number>, now: Instant): Set<NodeId> {
    const kept = chooseNeighbours({
      self: this.#self,
      costs,
      between: (a, b) => this.#between(a, b),
      wants: (node) => this.#wants(node),
      kept: this.#kept,
    });
    const active = [...costs.keys()].filter((node) => kept.has(node) || this.#wants(node));
    const reached = this.#reachedFrom(active);
    for (const node of costs.keys()) {
      if (reached.has(node)) {
        this.#unreachedSince.delete(node);
        continue;
      }
      const since = this.#unreachedSince.get(node) ?? now.mono;
      this.#unreachedSince.set(node, since);
      if (now.mono - since >= UNREACHED_MS) kept.add(node);
      this.#dueAt = Math.min(this.#dueAt ?? Number.POSITIVE_INFINITY, now.mono + UNREACHED_MS);
    }
    for (const node of this.#unreachedSince.keys()) if (!costs.has(node)) this.#unreachedSince.delete(node);
    return kept;
  }

  #between(a: NodeId, b: NodeId): number | undefined {
    const [there, back] = [this.#topology.edgesOf(a).get(b), this.#topology.edgesOf(b).get(a)];
    return there === undefined || back === undefined ? undefined : Math.max(there, back);
  }

  /** Over links that others say they have. */
  #reachedFrom(active: readonly NodeId[]): Set<NodeId> {
    const reached = new Set<NodeId>([this.#self, ...active]);
    const open = [...active];
    for (let node = open.pop(); node !== undefined; node = open.pop())
      for (const next of this.#topology.edgesOf(node).keys())
        if (!reached.has(next) && this.#topology.adjacent(node, next)) {
          reached.add(next);
          open.push(next);
        }
    return reached;
  }

  #apply(
    costs: ReadonlyMap<NodeId, number>,
    kept: ReadonlySet<NodeId>,
    accepted: ReadonlySet<NodeId>,
    now: Instant,
  ): void {
    let isNews = !sameSet(accepted, this.#accepted) || !sameSet(kept, this.#kept);
    this.#kept = kept;
    this.#accepted = accepted;
    for (const node of this.#links.neighbours()) {
      const isActive = !costs.has(node) || kept.has(node) || accepted.has(node);
      if (!this.#links.setStandby(node, !isActive)) continue;
      isNews = true;
      this.#events.changed(node, isActive, now);
    }
    if (isNews) this.#events.news(now);
  }
}

const sameSet = (a: ReadonlySet<NodeId>, b: ReadonlySet<NodeId>): boolean =>
  a.size === b.size && [...a].every((node) => b.has(node));
