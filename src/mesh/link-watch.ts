import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { type Carrier, isSlowAir } from './carrier.js';
import type { Link, Links } from './links.js';
import { LATE_MS, LocalHealth } from './local-health.js';
import { Presences } from './presences.js';
import { BUDDIES, Suspicions } from './suspicions.js';
import type { MeshContext } from './types.js';
import { hasPresence, type WatchTimes, watchTimes } from './watch-times.js';

/** Heard so lately, a neighbour need not be asked because somebody else does not hear it. */
const JUST_HEARD_MS = 100;
/** A link that stands by has an exchange so much more rarely. */
const STANDBY_EXCHANGE = 10;
/** A new link has its first exchange within this, and no later than its first heartbeat. */
const FIRST_WITHIN_MS = 200;

/** Part of its time that each thing done again and again is early or late by. */
const JITTER_LEAST = 0.9;
const JITTER_PER_MILLE = 200;

interface Watched {
  readonly link: Link;
  /** As they were when something last happened to the link: they are found out anew before anything is done by them. */
  times: WatchTimes;
  /** What its times are multiplied by: several links are not to fall together, nor both ends of one. */
  jitter: number;
  /** When a heartbeat of any kind last went out over it. */
  beatAt: number;
  /** The last sign of life, moved on by the time this node itself stood still. */
  heardAt: number;
  /** When it is to be asked although it is heard: to time the round trip, and to see that both directions work. */
  exchangeAt: number;
  /** Questions without an answer, when the first of them went, and when the next one does. */
  probes: number;
  askedAt: number | undefined;
  nextProbeAt: number;
  /** What the neighbour says to everybody is no answer: the doubt is whether frames for one arrive. */
  strict: boolean;
  /** When it last said something to everybody. */
  presentAt: number;
}

export interface LinkWatchEvents {
  /** Sends a heartbeat; as a question it asks for one in return. */
  beat(link: Link, isQuestion: boolean, now: Instant): void;
  /** Sends a heartbeat to everybody in earshot. */
  presence(carrier: Carrier, now: Instant): void;
  dead(link: Link, reason: string, now: Instant): void;
  /** Tells a neighbour that this node does not hear `node`, or that it does. */
  tell(neighbour: NodeId, node: NodeId, heard: boolean, now: Instant): void;
  /** Neighbours that hear `node` too, as far as is known. */
  buddies(node: NodeId): readonly NodeId[];
  /** How many neighbours a node has, as far as is known. */
  degree(node: NodeId): number;
}

/**
 * Watches neighbours over everything but slow shared air. Where one frame reaches everybody each node is heard about once a second; elsewhere
 * each link has an exchange of question and answer now and then, begun by either end; anything else heard makes it needless. Who is not heard is
 * asked, who does not answer is asked faster, then suspected: over its other radios, and through neighbours it has in common with this node (SWIM,
 * Das et al. 2002). It is given up only on what this node itself did not hear, and the later the less well this node is (Lifeguard, Dadgar et al. 2017).
 */
export class LinkWatch {
  readonly health: LocalHealth;
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #events: LinkWatchEvents;
  readonly #watched = new Map<number, Watched>();
  readonly #suspicions: Suspicions;
  readonly #presences: Presences;
  /** Nothing is due before this. */
  #dueAt = Number.POSITIVE_INFINITY;
  /** When somebody was heard since that was found out: it may be later. */
  #heardAt: number | undefined;

  constructor(context: MeshContext, links: Links, events: LinkWatchEvents) {
    this.#context = context;
    this.#links = links;
    this.#events = events;
    this.health = new LocalHealth(context.counters.liveness);
    this.#suspicions = new Suspicions(context.random.fork('suspicions'));
    this.#presences = new Presences(context);
  }

  open(link: Link, now: Instant): void {
    const soon = this.#context.random.below(Math.min(FIRST_WITHIN_MS, this.#context.timing.heartbeatMs));
    const watched: Watched = {
      link,
      times: this.#timesOf(link),
      jitter: 1,
      beatAt: now.mono,
      heardAt: now.mono,
      exchangeAt: now.mono + soon,
      probes: 0,
      askedAt: undefined,
      nextProbeAt: 0,
      strict: false,
      presentAt: Number.NEGATIVE_INFINITY,
    };
    this.#watched.set(link.id, watched);
    if (hasPresence(link.carrier)) this.#presences.open(link.carrier, now.mono + soon);
    this.#wakeFor(watched, now);
  }

  close(link: Link): void {
    if (!this.#watched.delete(link.id)) return;
    link.suspect = false;
    const { peer, carrier } = link;
    if (![...this.#watched.values()].some((other) => other.link.carrier === carrier)) this.#presences.close(carrier);
    if (peer === undefined || this.#of(peer).length > 0) return;
    this.#suspicions.forget(peer);
    this.#suspicions.gone(peer);
  }

  /** A heartbeat, question or answer went out over the link. */
  beatSent(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (!watched) return;
    watched.beatAt = now.mono;
    watched.jitter = this.#jitter();
  }

  /** The next heartbeats go out within so long: they have news. */
  hurry(withinMs: number, now: Instant): void {
    this.#presences.hurry(withinMs, now);
    this.#dueAt = Math.min(this.#dueAt, this.#presences.nextDeadline() ?? Number.POSITIVE_INFINITY);
    for (const { link } of this.#watched.values())
      if (!this.#presences.has(link.carrier)) this.#events.beat(link, false, now);
  }

  /** Something came over the link that was meant for this node. */
  alive(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (!watched) return;
    watched.heardAt = now.mono;
    if (watched.askedAt !== undefined) this.#answered(watched, now);
  }

  /**
   * The neighbour said something to everybody: it lives, whether or not it hears this node. False when it was waited for, or this node is to
   * speak with it.
   */
  present(link: Link, now: Instant): boolean {
    const watched = this.#watched.get(link.id);
    if (!watched) return true;
    watched.presentAt = now.mono;
    const speaks = this.#presences.heard(link.carrier, now);
    const isAwaited = watched.askedAt !== undefined || askAt(watched) <= this.#dueAt;
    if (isAwaited) this.#heardAt = now.mono;
    if (speaks) this.#dueAt = Math.min(this.#dueAt, now.mono);
    if (watched.askedAt === undefined) watched.heardAt = now.mono;
    else if (!watched.strict) this.alive(link, now);
    return !speaks && !isAwaited;
  }

  /** The neighbour is passed on to from now on: the exchange that is due comes no later than over any such link. */
  active(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (!watched) return;
    watched.exchangeAt = Math.min(watched.exchangeAt, now.mono + this.#times(watched).exchangeMs * this.#jitter());
    this.#wakeFor(watched, now);
  }

  /** A question or an answer came: both directions work. */
  exchanged(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (!watched) return;
    watched.exchangeAt = now.mono + this.#times(watched).exchangeMs * this.#jitter();
    this.#heardAt = now.mono;
  }

  /** Frames to the neighbour are not acknowledged: ask it now. */
  suspect(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (!watched) return;
    if (watched.askedAt === undefined) this.#ask(watched, true, now);
    else watched.strict = true;
  }

  /** Something suggests that the neighbour is gone: ask it, unless it was heard just now. */
  look(link: Link, now: Instant): void {
    const watched = this.#watched.get(link.id);
    if (watched && watched.askedAt === undefined && now.mono - watched.heardAt > JUST_HEARD_MS)
      this.#ask(watched, false, now);
  }

  /** A neighbour says whether it hears `node`. */
  told(from: NodeId, node: NodeId, heard: boolean, now: Instant): void {
    const links = this.#of(node);
    if (links.length === 0 || from === node) return this.#context.counters.refuse('suspicion.stranger');
    if (heard) return this.#suspicions.vouched(node, from);
    if (links.some((watched) => watched.askedAt === undefined && now.mono - watched.heardAt <= JUST_HEARD_MS))
      return this.#vouch(from, node, now);
    this.#suspicions.asked(node, from);
    for (const watched of links) {
      if (watched.askedAt === undefined) this.#ask(watched, false, now);
      else this.#wakeFor(watched, now);
    }
  }

  tick(now: Instant): void {
    if (this.#dueAt > now.mono) return;
    this.#notice(now.mono - this.#dueAt);
    for (const carrier of this.#presences.due(now)) this.#events.presence(carrier, now);
    for (const watched of [...this.#watched.values()]) this.#watch(watched, now);
    this.#reckon(now.mono);
  }

  nextDeadline(): number | undefined {
    if (this.#heardAt !== undefined) this.#reckon(this.#heardAt);
    return Number.isFinite(this.#dueAt) ? this.#dueAt : undefined;
  }

  /** Never in the past: to be woken late would be taken for having stood still. */
  #reckon(now: number): void {
    this.#heardAt = undefined;
    let dueAt = this.#presences.nextDeadline() ?? Number.POSITIVE_INFINITY;
    for (const watched of this.#watched.values()) dueAt = Math.min(dueAt, this.#deadline(watched));
    this.#dueAt = Math.max(now, dueAt);
  }

  #jitter(): number {
    return JITTER_LEAST + this.#context.random.below(JITTER_PER_MILLE) / 1_000;
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

  #times(watched: Watched): WatchTimes {
    watched.times = this.#timesOf(watched.link);
    return watched.times;
  }

  #timesOf(link: Link): WatchTimes {
    const degree = Math.max(link.carrier.linksUp, this.#events.degree(link.peer as NodeId));
    const times = watchTimes(link, degree, this.#context.timing);
    // Little goes over it that would have to arrive.
    return this.#links.isStandby(link.peer as NodeId)
      ? { ...times, exchangeMs: times.exchangeMs * STANDBY_EXCHANGE }
      : times;
  }

  #deadline(watched: Watched): number {
    const { times, askedAt, nextProbeAt, beatAt, exchangeAt, jitter } = watched;
    if (askedAt !== undefined) return Math.min(nextProbeAt, this.#goneAt(watched, times));
    return Math.min(askAt(watched), beatAt + times.beatMs * jitter, exchangeAt);
  }

  /** Lowers the deadline. */
  #wakeFor(watched: Watched, now: Instant): void {
    this.#dueAt = Math.min(this.#dueAt, Math.max(now.mono, this.#deadline(watched)));
  }

  #watch(watched: Watched, now: Instant): void {
    const { link, jitter, askedAt } = watched;
    if (now.mono < this.#deadline(watched) || !this.#watched.has(link.id)) return;
    const times = this.#times(watched);
    if (askedAt === undefined) {
      if (now.mono >= askAt(watched)) this.#ask(watched, false, now);
      else if (now.mono >= watched.exchangeAt) this.#ask(watched, true, now);
      else if (now.mono >= watched.beatAt + times.beatMs * jitter) this.#events.beat(link, false, now);
    } else if (now.mono >= this.#goneAt(watched, times)) this.#giveUp(watched, now);
    else if (now.mono >= watched.nextProbeAt) this.#askAgain(watched, times, now);
  }

  #ask(watched: Watched, strict: boolean, now: Instant): void {
    watched.askedAt = now.mono;
    watched.probes = 0;
    watched.strict = strict;
    this.#question(watched, now);
    watched.nextProbeAt = now.mono + this.#times(watched).firstMs * this.health.stretch;
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

  #answered(watched: Watched, now: Instant): void {
    const { link, probes } = watched;
    if (probes === 1) this.health.well();
    watched.askedAt = undefined;
    watched.probes = 0;
    watched.exchangeAt = Math.max(watched.exchangeAt, now.mono + this.#times(watched).exchangeMs * this.#jitter());
    this.#wakeFor(watched, now);
    if (link.suspect) this.#context.counters.liveness.refuted++;
    link.suspect = false;
    link.stalled = false;
    for (const asker of this.#suspicions.heard(link.peer as NodeId)) this.#vouch(asker, link.peer as NodeId, now);
  }

  #vouch(to: NodeId, node: NodeId, now: Instant): void {
    this.#context.counters.liveness.vouched++;
    this.#events.tell(to, node, true, now);
  }

  #becomesSuspect(link: Link, now: Instant): void {
    const node = link.peer as NodeId;
    link.suspect = true;
    const { liveness } = this.#context.counters;
    liveness.suspected++;
    if (this.#isDeaf(link)) this.health.deaf();
    for (const other of this.#of(node)) if (other.link !== link) this.look(other.link, now);
    for (const buddy of this.#suspicions.tell(node, this.#buddies(node))) {
      liveness.asked++;
      this.#events.tell(buddy, node, false, now);
    }
  }

  /** Those that answer themselves, and can be asked without filling a slow air. */
  #buddies(node: NodeId): NodeId[] {
    return this.#events.buddies(node).filter((buddy) => {
      const best = this.#links.best(buddy);
      return best !== undefined && !best.suspect && !isSlowAir(best.carrier);
    });
  }

  /** Whether more than half of several neighbours on its carrier are silent. */
  #isDeaf({ carrier }: Link): boolean {
    const links = [...this.#watched.values()].filter(({ link }) => link.carrier === carrier);
    const silent = links.filter(({ link }) => link.suspect).length;
    return silent > 1 && silent > links.length / 2;
  }

  /** When a neighbour that goes on being silent is given up. */
  #goneAt(watched: Watched, times: WatchTimes): number {
    const { askedAt = 0, heardAt, probes, nextProbeAt } = watched;
    const patience = this.#patienceMs(watched, times) * this.health.stretch;
    // Some questions are asked in any case, whatever others say.
    const asked = nextProbeAt + Math.max(0, times.leastProbes - probes) * times.everyMs;
    const at = Math.max(askedAt + patience, Math.min(asked, askedAt + times.aloneMs));
    return Math.min(at, Math.max(heardAt + this.#context.timing.peerTimeoutMs, askedAt));
  }

  /** Between the two times, the less the more others confirm it; the first ones count most (Lifeguard). */
  #patienceMs(watched: Watched, { aloneMs, confirmedMs, vouchedMs }: WatchTimes): number {
    const { confirmed, vouched } = this.#suspicions.count(watched.link.peer as NodeId);
    if (vouched > 0 || this.#heardOver(watched) !== undefined) return vouchedMs;
    const share = Math.min(1, Math.log(confirmed + 1) / Math.log(BUDDIES + 1));
    return aloneMs - (aloneMs - confirmedMs) * share;
  }

  /** The radio over which the node was heard since it was asked over this one, though it gave no answer. */
  #heardOver({ link, askedAt = 0, presentAt }: Watched): string | undefined {
    if (presentAt >= askedAt) return link.carrier.name;
    const others = this.#of(link.peer as NodeId);
    return others.find((other) => other.link !== link && other.heardAt >= askedAt)?.link.carrier.name;
  }

  #giveUp(watched: Watched, now: Instant): void {
    const { link, probes } = watched;
    const { confirmed, vouched } = this.#suspicions.count(link.peer as NodeId);
    const over = this.#heardOver(watched);
    const { liveness } = this.#context.counters;
    if (over !== undefined || vouched > 0) liveness.linksDead++;
    else liveness.nodesDead++;
    let more = '';
    if (over !== undefined) more = `, but it is heard over ${over}`;
    else if (vouched > 0) more = `, but ${vouched} other${vouched === 1 ? ' hears' : 's hear'} it`;
    else if (confirmed > 0) more = `, nor to ${confirmed} other${confirmed === 1 ? '' : 's'}`;
    this.#events.dead(link, `no answer to ${probes} question${probes === 1 ? '' : 's'}${more}`, now);
  }
}

/** Neighbours that were to hear the same ask at about the same time: they decide together, but do not all speak at once. */
const askAt = ({ heardAt, jitter, times }: Watched): number =>
  heardAt + times.askMs * (1 + (jitter - JITTER_LEAST) / 4);
