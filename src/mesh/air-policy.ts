import type { NodeId } from '../core/ids.js';

/** Who hears a node, and how surely (0 to 1). Links over the air are about as good in both directions. */
export type Earshot = ReadonlyMap<NodeId, number>;

/** The air around one node, as far as it knows. */
export interface AirView {
  readonly self: NodeId;
  /** Who hears this node. */
  readonly neighbours: Earshot;
  /** Whether nobody has said yet whom it hears: then nothing is known of who hears this node. */
  readonly isBlind: boolean;
  /** From when on it is worth to tell what nobody waits for: who is there has been found out. Monotonic ms. */
  settledAt(now: number): number;
  /** Hops from a node to this one, 1 where it is heard itself; `undefined` where they may be three or more. */
  distanceFrom(node: NodeId): number | undefined;
  /** By which a node is heard above the floor, in dB, where that is measured. */
  marginDb(node: NodeId): number | undefined;
  /** Who hears another node, as that one said; `undefined` when it did not. */
  earshot(node: NodeId): Earshot | undefined;
}

/** Who transmits, in which order, so that those who lack a frame get it. */
export interface RelayPlan {
  /** Nodes of this one's earshot that come before it, or all that were chosen where it was not. */
  readonly before: readonly NodeId[];
  /** How many nodes this one's transmission is expected to give the frame to; 0 where it was not chosen. */
  readonly gain: number;
}

/** A node that lacks the frame with less than this chance counts as having it: less where the matter is urgent. */
const TOLERATED_LACK = 0.25;
const TOLERATED_LACK_URGENT = 0.08;
/** What was said already is repeated only for one that lacks it more likely than not. */
const REPEATED_FOR = 0.5;
const REPEATED_FOR_URGENT = 0.25;
/** More silent ones than chance would have. */
const MANY_SILENT = 3;
/** A transmission is worth its airtime when it gives the frame to so many nodes, on average. */
const LEAST_GAIN = 0.4;
const LEAST_GAIN_URGENT = 0.25;
/** The same for what this node has said already: mostly they have it after all, unless others behind them lack it, too. */
const LEAST_GAIN_AGAIN = 0.75;
/** Chance that one which has the frame, and whose turn we take it to be, knows better and stays silent. */
const KNOWS_BETTER = 0.9;
/** The same where nobody at all was heard after this node. */
const KNOWS_BETTER_UNANSWERED = { quiet: 0.3, busy: 0.5 };
/** What is left to do when turns have passed in silence is done for less where the channel has room. */
const LEAST_GAIN_STRICT = { quiet: 0.4, busy: 0.65 };
/** Share of its time in use up to which a channel is quiet, and from which on it is busy. */
const [QUIET, BUSY] = [0.06, 0.14];
/** From there on until here somebody jams it: copies are lost, and what is not said again is lost, too. */
const [CROWDED, JAMMED] = [0.28, 0.36];
/** That somebody hears a node whose neighbours are not known. */
const UNKNOWN_CHANCE = 0.5;
/** Neighbours that a node has which knows of none. */
const UNKNOWN_NEIGHBOURS = 3;
/** With fewer relays left than this, who has the frame too late to pass it on far enough counts in part. */
export const SCARCE_TTL = 3;
/** Who is heard by less than this above the floor is far away: what is urgent is said for those whom nobody knows. */
const FAR_DB = 6;
const EARLIER_IS_WORTH = 0.5;

export interface SpreadTerms {
  /** The chance that a node of which nothing is known lacks it; default 1. */
  readonly lack?: number;
  /** The chance that nobody else speaks at once, 0 to 1; default 1. */
  readonly clear?: number;
  /** Share of the channel's time that is in use, 0 to 1; default 0. */
  readonly busy?: number;
}

/**
 * What is known of one frame's spread over one air, from what was heard: who transmitted it, who must have heard that
 * and with how many relays left. Nobody is told who relays: each node computes the same small set from the lists of
 * neighbours, and believes only its ears.
 */
export class AirSpread {
  readonly urgent: boolean;
  /** Chance that a node lacks it; absent: nothing is known, it does. */
  readonly #lack = new Map<NodeId, number>();
  /** Relays that a node has left, at best. */
  readonly #ttl = new Map<NodeId, number>();
  /** Heard transmitting it. */
  readonly #said = new Set<NodeId>();
  readonly #silent = new Set<NodeId>();
  /** Chance that this node lacks it, as those see it that heard the same as it did. */
  #ownLackSeen = 1;
  #answered = true;
  /** Relays that were left after this node's own last word. */
  #ownTtl = 0;
  /** Turns have passed in silence: what is left to do must be sure. */
  #strict = false;
  /** Chance that a neighbour of whom nothing else is known lacks it. */
  #lackOfUnknown: number;

  /** What is left of the chance that a frame is understood, where the air is full. */
  readonly #clear: number;

  /** How much less is to be said as the channel is busy: from 0, where it is quiet or jammed, to 1. */
  readonly #busy: number;

  constructor(source: NodeId, urgent: boolean, { lack = 1, clear = 1, busy = 0 }: SpreadTerms = {}) {
    this.urgent = urgent;
    this.#clear = clear;
    const [above, below] = [(busy - QUIET) / (BUSY - QUIET), (JAMMED - busy) / (JAMMED - CROWDED)];
    this.#busy = Math.max(0, Math.min(1, above, below));
    this.#lackOfUnknown = lack;
    this.#lack.set(source, 0);
  }

  /** `node` was heard, or is this one and has transmitted: it has so many relays left for those who heard it. */
  said(node: NodeId | undefined, ttl: number, view: AirView): void {
    if (node === undefined) {
      this.#unknownSaid(view, ttl);
      return;
    }
    this.has(node);
    if (node === view.self) {
      this.#answered = false;
      this.#ownTtl = ttl;
    } else if (ttl < this.#ownTtl) this.#answered = true;
    this.#said.add(node);
    this.#hold(node, ttl + 1);
    const earshot = node === view.self ? view.neighbours : view.earshot(node);
    if (!earshot || view.isBlind) return this.#unknownSaid(view, ttl);
    for (const [hearer, chance] of earshot) {
      const missed = 1 - chance * this.#clear;
      if (hearer === view.self) this.#ownLackSeen *= missed;
      this.#lack.set(hearer, this.lackOf(hearer) * missed);
      this.#silent.delete(hearer);
      this.#hold(hearer, ttl);
    }
  }

  /** Somebody farther on was heard since this node's own last word; or it has said nothing. */
  get answered(): boolean {
    return this.#answered;
  }

  /** This node has it with so many relays left. */
  hold(self: NodeId, ttl: number): void {
    this.has(self);
    this.#hold(self, ttl);
  }

  /** Known from elsewhere to have it. */
  has(node: NodeId): void {
    this.#lack.set(node, 0);
    this.#silent.delete(node);
  }

  /** It should have been heard by now and was not. */
  silent(node: NodeId): void {
    if (this.#said.has(node)) return;
    this.#strict = true;
    this.#silent.add(node);
    const lack = this.lackOf(node);
    const isOdd = !this.#answered || this.#silent.size >= MANY_SILENT;
    const knows = isOdd ? this.#between(KNOWS_BETTER_UNANSWERED) : KNOWS_BETTER;
    this.#lack.set(node, lack / (lack + (1 - lack) * knows));
  }

  /** It said that it lacks the frame. */
  lacks(node: NodeId): void {
    this.#said.delete(node);
    this.#silent.add(node);
    this.#lack.set(node, 1);
  }

  hasSaid(node: NodeId): boolean {
    return this.#said.has(node);
  }

  lackOf(node: NodeId): number {
    return this.#lack.get(node) ?? this.#lackOfUnknown;
  }

  /**
   * Greedy: whoever gives the frame to most of those that lack it goes first, ties to the lower id, until this node's
   * turn or until nobody is worth the airtime. Only this node and those it would hear are considered, so that each
   * one it relies on can be heard to keep its word: it is never silent while a neighbour is not known to be covered.
   */
  plan(view: AirView): RelayPlan {
    const lack = new Map(this.#lack);
    const ttls = new Map(this.#ttl);
    const candidates = this.#candidates(view);
    const before: NodeId[] = [];
    for (;;) {
      let best: Candidate | undefined;
      let most = this.#leastGain;
      for (const candidate of candidates) {
        const gain = this.#gain(candidate, lack, ttls, view);
        const again = !this.urgent && candidate.node === view.self && this.#said.has(view.self);
        if (again && gain < LEAST_GAIN_AGAIN) continue;
        if (gain < most || (best && gain === most && candidate.node > best.node)) continue;
        best = candidate;
        most = gain;
      }
      if (!best) return { before, gain: this.#isFarOff(view) ? LEAST_GAIN : 0 };
      if (best.node === view.self) return { before, gain: most };
      candidates.delete(best);
      before.push(best.node);
      for (const [hearer, chance] of best.earshot) {
        lack.set(hearer, this.#lackIn(lack, hearer) * (1 - chance * this.#clear * best.holds));
        ttls.set(hearer, Math.max(ttls.get(hearer) ?? 0, best.ttl - 1));
      }
    }
  }

  get #leastGain(): number {
    if (this.urgent) return LEAST_GAIN_URGENT;
    return this.#strict ? this.#between(LEAST_GAIN_STRICT) : LEAST_GAIN;
  }

  #between({ quiet, busy }: typeof LEAST_GAIN_STRICT): number {
    return this.urgent ? quiet : quiet + (busy - quiet) * this.#busy;
  }

  /** Whether all that were heard are far away: nodes nobody knows of may hear this one and none of them. */
  #isFarOff(view: AirView): boolean {
    if (!this.urgent || this.#said.has(view.self) || (this.#ttl.get(view.self) ?? 0) === 0) return false;
    let heard = false;
    for (const node of this.#said) {
      const marginDb = view.marginDb(node);
      if (marginDb === undefined || marginDb >= FAR_DB) return false;
      heard = true;
    }
    return heard;
  }

  #candidates(view: AirView): Set<Candidate> {
    const { self, neighbours } = view;
    const ttl = this.#ttl.get(self) ?? 0;
    const candidates = new Set<Candidate>();
    // What has it for sure takes its turn as the others expect it to.
    const seen = this.#ownLackSeen;
    if (ttl > 0) candidates.add({ node: self, earshot: neighbours, holds: seen < 1 ? 1 - seen : 1, ttl });
    for (const node of neighbours.keys()) {
      if (this.#said.has(node) || this.#silent.has(node)) continue;
      const [holds, theirs] = [1 - this.lackOf(node), this.#ttl.get(node) ?? 0];
      const earshot = holds < 0.5 || theirs === 0 ? undefined : view.earshot(node);
      if (earshot) candidates.add({ node, earshot, holds, ttl: theirs });
    }
    return candidates;
  }

  #gain({ node, earshot, holds, ttl }: Candidate, lack: Lacks, ttls: Ttls, view: AirView): number {
    if (node === view.self && view.isBlind) return UNKNOWN_NEIGHBOURS * this.#lackOfUnknown;
    const tolerated = this.urgent ? TOLERATED_LACK_URGENT : TOLERATED_LACK;
    const repeats = this.#strict || this.#said.has(node);
    const repeatedFor = this.urgent ? REPEATED_FOR_URGENT : REPEATED_FOR;
    let gain = 0;
    for (const [hearer, chance] of earshot) {
      const lacks = this.#lackIn(lack, hearer) * (1 + this.#behind(hearer, lack, view));
      if (lacks > (repeats ? Math.max(tolerated, repeatedFor) : tolerated)) gain += lacks * chance;
      else if (!repeats && this.#tooLate(hearer, ttl - 1, lack, ttls, view)) gain += EARLIER_IS_WORTH * chance;
    }
    return gain * holds;
  }

  /** How many more get it when one gets it that was to relay and did not. */
  #behind(node: NodeId, lack: Lacks, view: AirView): number {
    if (!this.#silent.has(node)) return 0;
    // Who has heard that others go on takes it that those behind are reached another way.
    if (this.#answered) return 0;
    let behind = 0;
    for (const [farther, chance] of view.earshot(node) ?? [])
      if (farther !== view.self) behind += this.#lackIn(lack, farther) * chance;
    return behind;
  }

  /** Whether a node has too few relays left for neighbours of its own, and would have more with `ttl`. */
  #tooLate(node: NodeId, ttl: number, lack: Lacks, ttls: Ttls, view: AirView): boolean {
    const theirs = ttls.get(node);
    if (theirs === undefined || theirs >= Math.min(ttl, SCARCE_TTL) || this.#said.has(node)) return false;
    for (const farther of view.earshot(node)?.keys() ?? [])
      if (farther !== view.self && this.#lackIn(lack, farther) >= 0.5) return true;
    return false;
  }

  #lackIn(lack: Lacks, node: NodeId): number {
    return lack.get(node) ?? this.#lackOfUnknown;
  }

  #hold(node: NodeId, ttl: number): void {
    this.#ttl.set(node, Math.max(this.#ttl.get(node) ?? 0, ttl));
  }

  /** Counting copies is all there is where nobody knows who heard them. */
  #unknownSaid(view: AirView, ttl: number): void {
    this.#lackOfUnknown *= 1 - UNKNOWN_CHANCE;
    for (const node of view.neighbours.keys()) {
      const lack = this.#lack.get(node);
      if (lack !== undefined) this.#lack.set(node, lack * (1 - UNKNOWN_CHANCE));
      this.#hold(node, ttl);
    }
  }
}

interface Candidate {
  readonly node: NodeId;
  readonly earshot: Earshot;
  /** Chance that it has the frame. */
  readonly holds: number;
  readonly ttl: number;
}

type Lacks = ReadonlyMap<NodeId, number>;
type Ttls = ReadonlyMap<NodeId, number>;
