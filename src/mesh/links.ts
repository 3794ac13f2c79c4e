import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import type { LinkAddress } from '../ports/radio.js';
import type { ReplayWindow } from '../trust/replay-window.js';
import { type Carrier, isSlowAir, speakers } from './carrier.js';
import { type LinkTraffic, noTraffic } from './link-traffic.js';

/** What is looked up for each frame of a neighbour, kept while it holds. */
export interface PeerAtHand {
  readonly peer: NodeId;
  /** The id as two words. */
  readonly high: number;
  readonly low: number;
  readonly saltHint: number;
  readonly window: ReplayWindow;
  /** Of the known nodes. */
  readonly generation: number;
}

/** A way to one neighbour over one radio. It carries traffic once both ends have heard each other (`up`). */
export interface Link {
  /** Small number for the routing table; reused only after the link is gone. */
  readonly id: number;
  readonly carrier: Carrier;
  readonly address: LinkAddress;
  mtuBytes: number;
  phase: 'greeting' | 'up';
  /** Known once the neighbour's beacon was verified. */
  peer: NodeId | undefined;
  /** Of that neighbour what the short way needs at once. */
  atHand: PeerAtHand | undefined;
  peerNonce: number;
  greetings: number;
  nextGreetingAt: number;
  lastHeard: Instant;
  /** It does not answer: its neighbour may be gone. */
  suspect: boolean;
  readonly traffic: LinkTraffic;
  /** Frames sent over it are not acknowledged: other ways are taken while there are some, until it answers again. */
  stalled: boolean;
  /** It came and went too often lately: it serves only where it is the only way, … */
  damped: boolean;
  /** … which it was found to be. */
  isBridge: boolean;
  /** Smoothed round trip, from heartbeats and hop acknowledgements. */
  rttMs: number | undefined;
  /** Smoothed share of transmissions that the other end acknowledged. */
  quality: number;
}

/** Longest frame the engine sends or takes, whatever a carrier could do. */
export const FRAME_BYTES_MAX = 4_096;

/** All links, found by address, by number and by neighbour. */
export class Links {
  /** By carrier. */
  readonly #byAddress = new Map<number, Map<LinkAddress, Link>>();
  readonly #byId = new Map<number, Link>();
  readonly #up = new Map<NodeId, Link[]>();
  readonly #greeting = new Set<Link>();
  /** Neighbours that nothing is passed on to: others do. */
  readonly #standby = new Set<NodeId>();
  #nextId = 1;

  get size(): number {
    return this.#byId.size;
  }

  find(carrier: number, address: LinkAddress): Link | undefined {
    return this.#byAddress.get(carrier)?.get(address);
  }

  byId(id: number): Link | undefined {
    return this.#byId.get(id);
  }

  /** A new link in greeting, or `undefined` when there are too many. */
  add(carrier: Carrier, address: LinkAddress, mtuBytes: number, now: Instant): Link | undefined {
    if (this.#byId.size >= Limit.Links) return undefined;
    const link: Link = {
      id: this.#nextId++,
      carrier,
      address,
      mtuBytes: Math.min(mtuBytes, FRAME_BYTES_MAX),
      phase: 'greeting',
      peer: undefined,
      atHand: undefined,
      peerNonce: 0,
      greetings: 0,
      nextGreetingAt: now.mono,
      lastHeard: now,
      suspect: false,
      stalled: false,
      damped: false,
      isBridge: false,
      traffic: noTraffic(),
      rttMs: undefined,
      quality: 1,
    };
    let over = this.#byAddress.get(carrier.index);
    if (!over) {
      over = new Map();
      this.#byAddress.set(carrier.index, over);
    }
    over.set(address, link);
    this.#byId.set(link.id, link);
    this.#greeting.add(link);
    return link;
  }

  markUp(link: Link): void {
    if (link.phase !== 'up') this.#share(link.carrier, 1);
    link.phase = 'up';
    this.#greeting.delete(link);
    const peer = link.peer as NodeId;
    this.#up.set(peer, [...(this.#up.get(peer) ?? []).filter((other) => other !== link), link]);
  }

  markGreeting(link: Link): void {
    this.#leaveUp(link);
    link.phase = 'greeting';
    link.stalled = false;
    link.isBridge = false;
    link.greetings = 0;
    if (this.#byId.has(link.id)) this.#greeting.add(link);
  }

  remove(link: Link): void {
    this.#leaveUp(link);
    this.#greeting.delete(link);
    const over = this.#byAddress.get(link.carrier.index);
    over?.delete(link.address);
    if (over?.size === 0) this.#byAddress.delete(link.carrier.index);
    this.#byId.delete(link.id);
  }

  /** Whether every neighbour is reached over a slow air alone. */
  get onlySlowAir(): boolean {
    let some = false;
    for (const { phase, carrier } of this.#byId.values()) {
      if (phase !== 'up') continue;
      if (!isSlowAir(carrier)) return false;
      some = true;
    }
    return some;
  }

  #share(carrier: Carrier, change: number): void {
    carrier.linksUp += change;
    carrier.background.divide(speakers(carrier.traits, carrier.linksUp));
  }

  #leaveUp(link: Link): void {
    if (link.phase === 'up') this.#share(link.carrier, -1);
    if (link.peer === undefined) return;
    const rest = (this.#up.get(link.peer) ?? []).filter((other) => other !== link);
    if (rest.length > 0) this.#up.set(link.peer, rest);
    else {
      this.#up.delete(link.peer);
      this.#standby.delete(link.peer);
    }
  }

  all(): IterableIterator<Link> {
    return this.#byId.values();
  }

  /** Those whose ends do not know yet that they hear each other. */
  greeting(): ReadonlySet<Link> {
    return this.#greeting;
  }

  /** Neighbours with at least one link up. */
  neighbours(): IterableIterator<NodeId> {
    return this.#up.keys();
  }

  /** Those that things are passed on to. */
  *active(): Generator<NodeId> {
    for (const node of this.#up.keys()) if (!this.#standby.has(node)) yield node;
  }

  isStandby(neighbour: NodeId): boolean {
    return this.#standby.has(neighbour);
  }

  /** True when that is new. */
  setStandby(neighbour: NodeId, isStandby: boolean): boolean {
    if (isStandby === this.#standby.has(neighbour)) return false;
    if (isStandby) this.#standby.add(neighbour);
    else this.#standby.delete(neighbour);
    return true;
  }

  /** Of these the ones whose best link is no slow air: they are sent copies of their own. */
  *neighboursOffAir(): Generator<NodeId> {
    for (const node of this.active()) if (this.isOffAir(node)) yield node;
  }

  isOffAir(neighbour: NodeId): boolean {
    const link = this.best(neighbour);
    return link !== undefined && !isSlowAir(link.carrier);
  }

  get neighbourCount(): number {
    return this.#up.size;
  }

  upTo(peer: NodeId): readonly Link[] {
    return this.#up.get(peer) ?? [];
  }

  /** The cheapest link up to a neighbour that holds, or the cheapest of all. */
  best(peer: NodeId): Link | undefined {
    let best: Link | undefined;
    for (const link of this.upTo(peer)) if (!best || isBetter(link, best)) best = link;
    return best;
  }
}

/** Whether routes may go over it and others are told of it. */
export const serves = ({ damped, isBridge }: Pick<Link, 'damped' | 'isBridge'>): boolean => !damped || isBridge;

/** One that holds before one that comes and goes, then the cheaper. */
export const isBetter = (a: Link, b: Link): boolean => (a.damped === b.damped ? linkCost(a) < linkCost(b) : b.damped);

/** Bytes of the frame whose airtime stands for a link's cost. */
export const REFERENCE_FRAME_BYTES = 256;
/** Airtime that one unit of cost stands for. */
export const COST_UNIT_MS = 0.1;
/** A millisecond. */
const HOP_COST = 10;

/**
 * Cost of a hop in units of 100 µs: airtime and a constant for what each transmission takes besides, so that a short path over fast
 * carriers still beats a long one, times the expected number of transmissions (ETX, De Couto et al. 2003). One unit over all carriers.
 */
export const linkCost = ({ carrier, quality }: Link): number => costOver(carrier, quality);

/** The cost of a hop over a carrier by such a link. */
export function costOver({ traits }: Pick<Carrier, 'traits'>, quality: number): number {
  const { bitsPerSecond, costPerByte } = traits;
  const airtimeUs = (REFERENCE_FRAME_BYTES * 8 * 1e6) / Math.max(1, bitsPerSecond);
  const etx = 1 / Math.max(0.05, quality * quality);
  return Math.min(0xffff, Math.max(1, Math.round((HOP_COST + (airtimeUs / 100) * Math.max(1, costPerByte)) * etx)));
}
