import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { isSlowAir } from './carrier.js';
import type { Link, Links } from './links.js';
import { LATE_MS, LocalHealth } from './local-health.js';
import { BUDDIES, Suspicions } from './suspicions.js';
import type { MeshContext } from './types.js';
import { type WatchTimes, watchTimes } from './watch-times.js';

/** Heard so lately, a neighbour need not be asked because somebody else does not hear it. */
const JUST_HEARD_MS = 100;

interface Watched {
  readonly link: Link;
  /** Its share of the interval: those of one node, and of both ends of a link, are not to fall together. */
  jitter: number;
  /** When a heartbeat of any kind last went out. */
  beatAt: number;
  /** The last sign of life, moved on by the time this node itself stood still. */
  heardAt: number;
  /** Questions since then, when the first one went, and when the next one does. */
  probes: number;
  askedAt: number | undefined;
  nextProbeAt: number;
}

export interface LinkWatchEvents {
  /** Sends a heartbeat; as a question it asks for one in return. */
  beat(link: Link, isQuestion: boolean, now: Instant): void;
  dead(link: Link, reason: string, now: Instant): void;
  /** Tells a neighbour that this node does not hear `node`, or that it does. */
  tell(neighbour: NodeId, node: NodeId, heard: boolean, now: Instant): void;
  /** Neighbours that hear `node` too, as far as is known. */
  buddies(node: NodeId): readonly NodeId[];
  /** How many neighbours a node has, as far as is known. */
  degree(node: NodeId): number;
}

/**
 * Watches neighbours over everything but slow shared air. Each link has an exchange of question and answer now and then,
 * begun by either end; anything heard makes it needless. Who does not answer is asked faster, then suspected: over its
 * other radios and through neighbours it has in common with this node (SWIM, Das et al. 2002). It is given up only on
 * what this node itself did not hear, the later the less well this node is (Lifeguard).
 */
export class LinkWatch {
  readonly health: LocalHealth;
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #events: LinkWatchEvents;
  readonly #watched = new Map<number, Watched>();
  readonly #suspicions: Suspicions;
  /** Nothing is due before this. */
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(context: MeshContext, links: Links, events: LinkWatchEvents) {
    this.#context = context;
    this.#links = links;
    this.#events = events;
    this.health = new LocalHealth(context.counters.liveness);
    this.#suspicions = new Suspicions(context.random.fork('suspicions'));
  }

  get size(): number {
    return this.#watched.size;
  }

  open(link: Link, now: Instant): void {
    const watched: Watched = {
      link,
      jitter: 1,
      beatAt: Number.NEGATIVE_INFINITY,
      heardAt: now.mono,
      probes: 0,
      askedAt: undefined,
      nextProbeAt: 0,
    };
    // The first one goes soon: the ends have something to compare.
    const { heartbeatMs } = this.#context.timing;
    watched.beatAt = now.mono - this.#times(link).beatMs + this.#context.random.below(Math.min(200, heartbeatMs));
    this.#watched.set(link.id, watched);
    this.#wakeFor(watched, now);
  }

  close(link: Link): void {
    if (!this.#watched.delete(link.id)) return;
    link.suspect = false;
    const { peer } = link;
    if (peer === undefined || this.#of(peer).length > 0) return;
    this.#suspicions.forget(peer);
    this.#suspicions.gone(peer);
  }

  /** Whether it is this machine that watches the link. */
  watches(link: Link): boolean {
    return this.#watched.has(link.id);
  }

  /** A heartbeat, question or answer went out: no other is due for a while. */
  beatSent(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (!watched) return;
    watched.beatAt = now.mono;
    watched.jitter = 0.9 + this.#context.random.below(200) / 1_000;
  }

  /** Something came over the link. */
  alive(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (!watched) return;
    watched.heardAt = now.mono;
    if (watched.askedAt === undefined) return;
    if (watched.probes === 1) this.health.well();
    watched.askedAt = undefined;
    watched.probes = 0;
    this.#wakeFor(watched, now);
    const { counters } = this.#context;
    if (link.suspect) counters.liveness.refuted++;
    link.suspect = false;
    for (const asker of this.#suspicions.heard(link.peer as NodeId)) {
      counters.liveness.vouched++;
      this.#events.tell(asker, link.peer as NodeId, true, now);
    }
  }

  /** Something suggests that the neighbour is gone: ask it now. */
  suspect(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (watched && watched.askedAt === undefined) this.#ask(watched, now);
  }

  /** As `suspect`, on weaker grounds: not who was heard just now. */
  look(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (watched?.askedAt === undefined && now.mono - link.lastHeard.mono > JUST_HEARD_MS) this.suspect(link, now);
  }

  /** A neighbour says whether it hears `node`. */
  told(from: NodeId, node: NodeId, heard: boolean, now: Instant): void {
    const links = this.#of(node);
    if (links.length === 0 || from === node) return this.#context.counters.refuse('suspicion.stranger');
    if (heard) {
      this.#suspicions.vouched(node, from);
      for (const watched of links) this.#wakeFor(watched, now);
      return;
    }
    const isHeard = links.some(({ heardAt, askedAt }) => askedAt === undefined && now.mono - heardAt <= JUST_HEARD_MS);
    if (isHeard) return this.#events.tell(from, node, true, now);
    this.#suspicions.asked(node, from);
    for (const watched of links) {
      if (watched.askedAt === undefined) this.#ask(watched, now);
      else this.#wakeFor(watched, now);
    }
  }

  tick(now: Instant): void {
    if (this.#dueAt > now.mono) return;
    this.#notice(now.mono - this.#dueAt);
    for (const watched of [...this.#watched.values()]) this.#watch(watched, now);
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const watched of this.#watched.values()) this.#wakeFor(watched, now);
  }

  nextDeadline(): number | undefined {
    return Number.isFinite(this.#dueAt) ? this.#dueAt : undefined;
  }

  /** This node stood still for so long: what it did not hear meanwhile says nothing of others. */
  #notice(lateMs: number): void {
    if (lateMs < LATE_MS) return;
    this.health.stalled(lateMs);
    for (const watched of this.#watched.values()) {
      watched.heardAt += lateMs;
      if (watched.askedAt === undefined) continue;
      watched.askedAt += lateMs;
      watched.nextProbeAt += lateMs;
    }
  }

  #of(node: NodeId): Watched[] {
    return this.#links.upTo(node).flatMap((link) => this.#watched.get(link.id) ?? []);
  }

  #times(link: Link): WatchTimes {
    const degree = Math.max(link.carrier.linksUp, link.peer === undefined ? 0 : this.#events.degree(link.peer));
    return watchTimes(link, degree, this.#context.timing);
  }

  #deadline(watched: Watched): number {
    const times = this.#times(watched.link);
    if (watched.askedAt !== undefined) return Math.min(watched.nextProbeAt, this.#goneAt(watched, times));
    return Math.min(watched.heardAt + times.askMs * watched.jitter, watched.beatAt + times.beatMs * watched.jitter);
  }

  #watch(watched: Watched, now: Instant): void {
    const { link, jitter, askedAt } = watched;
    if (!this.#watched.has(link.id)) return;
    const times = this.#times(link);
    if (askedAt === undefined) {
      if (now.mono >= watched.heardAt + times.askMs * jitter) this.#ask(watched, now);
      else if (now.mono >= watched.beatAt + times.beatMs * jitter) this.#events.beat(link, false, now);
    } else if (now.mono >= this.#goneAt(watched, times)) this.#giveUp(watched, now);
    else if (now.mono >= watched.nextProbeAt) this.#askAgain(watched, times, now);
  }

  #ask(watched: Watched, now: Instant): void {
    watched.askedAt = now.mono;
    watched.probes = 0;
    this.#question(watched, now);
    watched.nextProbeAt = now.mono + this.#times(watched.link).firstMs * this.health.stretch;
    this.#wakeFor(watched, now);
  }

  #askAgain(watched: Watched, times: WatchTimes, now: Instant): void {
    this.#context.counters.liveness.unanswered++;
    watched.nextProbeAt = now.mono + times.everyMs * this.health.stretch;
    this.#question(watched, now);
    if (watched.probes > times.suspectProbes && !watched.link.suspect) this.#becomesSuspect(watched.link, now);
  }

  #question(watched: Watched, now: Instant): void {
    watched.probes++;
    this.#context.counters.liveness.probes++;
    this.#events.beat(watched.link, true, now);
  }

  /** Lowers the deadline, never into the past: to be woken late would be taken for having stood still. */
  #wakeFor(watched: Watched, now: Instant): void {
    this.#dueAt = Math.min(this.#dueAt, Math.max(now.mono, this.#deadline(watched)));
  }

  #becomesSuspect(link: Link, now: Instant): void {
    const node = link.peer as NodeId;
    link.suspect = true;
    const { liveness } = this.#context.counters;
    liveness.suspected++;
    if (this.#isDeaf(link)) this.health.deaf();
    for (const other of this.#of(node)) if (other.askedAt === undefined) this.#ask(other, now);
    for (const buddy of this.#suspicions.tell(node, this.#buddies(node))) {
      liveness.asked++;
      this.#events.tell(buddy, node, false, now);
    }
  }

  /** Those that can be asked without filling a slow air, and that answer themselves. */
  #buddies(node: NodeId): NodeId[] {
    return this.#events.buddies(node).filter((buddy) => {
      const best = this.#links.best(buddy);
      return buddy !== node && best !== undefined && !best.suspect && !isSlowAir(best.carrier);
    });
  }

  /** Whether more than half of several neighbours on its carrier are silent. */
  #isDeaf({ carrier }: Link): boolean {
    let links = 0;
    let silent = 0;
    for (const { link } of this.#watched.values()) {
      if (link.carrier !== carrier) continue;
      links++;
      if (link.suspect) silent++;
    }
    return silent > 1 && silent > links / 2;
  }

  /** When a neighbour that goes on being silent is given up. */
  #goneAt(watched: Watched, times: WatchTimes): number {
    const { link, askedAt = 0, heardAt, probes } = watched;
    const patience = this.#patienceMs(link, times) * this.health.stretch;
    // Questions still to come take their time, whatever the others say.
    const toCome = Math.max(0, times.leastProbes - probes) * times.everyMs;
    const at = Math.max(askedAt + patience, Math.min(watched.nextProbeAt, askedAt + times.aloneMs) + toCome);
    return Math.min(at, Math.max(heardAt + this.#context.timing.peerTimeoutMs, askedAt));
  }

  /** Between the two times the more others confirm it the less, as in Lifeguard: the first ones count most. */
  #patienceMs(link: Link, { aloneMs, confirmedMs, vouchedMs }: WatchTimes): number {
    const { confirmed, vouched } = this.#suspicions.count(link.peer as NodeId);
    if (vouched > 0 || this.#heardOtherwise(link)) return vouchedMs;
    const share = Math.min(1, Math.log(confirmed + 1) / Math.log(BUDDIES + 1));
    return aloneMs - (aloneMs - confirmedMs) * share;
  }

  /** The carrier over which the node is heard although it does not answer over this link. */
  #heardOtherwise(link: Link): Link | undefined {
    const askedAt = this.#watched.get(link.id)?.askedAt ?? 0;
    const others = this.#of(link.peer as NodeId).filter((other) => other.link !== link);
    return others.find(({ heardAt, askedAt: asked }) => asked === undefined && heardAt >= askedAt)?.link;
  }

  #giveUp({ link, probes }: Watched, now: Instant): void {
    const node = link.peer as NodeId;
    const { confirmed, vouched } = this.#suspicions.count(node);
    const otherwise = this.#heardOtherwise(link);
    const others = (count: number): string => `${count} other${count === 1 ? '' : 's'}`;
    const more =
      otherwise !== undefined
        ? `, but it is heard over ${otherwise.carrier.name}`
        : vouched > 0
          ? `, but ${others(vouched)} ${vouched === 1 ? 'hears' : 'hear'} it`
          : confirmed > 0
            ? `, nor do ${others(confirmed)} hear it`
            : '';
    const { liveness } = this.#context.counters;
    if (otherwise !== undefined || vouched > 0) liveness.linksDead++;
    else liveness.nodesDead++;
    this.#events.dead(link, `no answer to ${probes} question${probes === 1 ? '' : 's'}${more}`, now);
  }
}

