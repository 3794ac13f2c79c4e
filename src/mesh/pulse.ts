import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { agree, type Interval } from '../core/marzullo.js';
import type { Counters } from './counters.js';

/** A wall clock before 2020 or beyond the year 3000 was never set. */
const PLAUSIBLE_FROM_MS = 1_577_836_800_000;
const PLAUSIBLE_TO_MS = 32_503_680_000_000;
/** What reading a clock and waking for it take. */
const READING_MS = 100;
/** Clocks drift apart by so much of the time that passes: two bad crystals, and one that is being corrected. */
const DRIFT = 200e-6;
/** Clocks further apart than this have nothing to agree on. */
const APART_MOST_MS = 60_000;
/** Nodes whose clocks are known; a further one takes the place of one not heard of for `STALE_MS`, or is refused and counted. */
const SOURCES_MAX = 64;
const STALE_MS = 4 * 3_600_000;
/** A node without a clock listens so long before it takes the word of a single other. */
const PATIENCE_MS = 10_000;
/** The own clock stepped when it moved by more than this against the monotonic one. */
const STEP_MS = 20;
const RECKON_EVERY_MS = 1_000;
/** Where so many clocks agree one more word, or a little drift, changes next to nothing: they are reckoned with together, now and then. */
const SETTLED_CLOCKS = 8;
const RECKON_SETTLED_MS = 20_000;
/** How far ahead of the mesh's time a stamp may be; and of a guess, while there is no time yet. */
export const AHEAD_MS = 120_000;
export const AHEAD_OF_GUESS_MS = 600_000;

/** A beat is on its way so long at most beyond what those who passed it on count, which is whole seconds each. */
const ON_THE_WAY_MS = 1_000;
const PER_HOP_MS = 1_000;
const HOPS_UNKNOWN = 8;

export const longestOnTheWayMs = (hops = HOPS_UNKNOWN): number => ON_THE_WAY_MS + PER_HOP_MS * hops;

/** Where the mesh's time comes from. */
export const PulseSource = {
  /** Enough clocks agree. */
  Agreed: 'agreed',
  /** Nobody else's clock is known, or there is nothing to agree on: this node's own. */
  Own: 'own',
  /** This node has no clock, and one other node's is all there is. */
  Single: 'single',
  /** No clock to go by: a guess, never ahead. */
  None: 'none',
} as const;
export type PulseSource = (typeof PulseSource)[keyof typeof PulseSource];

export interface PulseView {
  readonly source: PulseSource;
  /** Mesh time less this node's own clock; 0 while its own is right. */
  readonly offsetMs: number;
  /** Unix ms: between these the time lies, as far as the agreeing clocks are right. */
  readonly earliestAt: number;
  readonly latestAt: number;
  /** Clocks known, this node's included, and those that agree. */
  readonly clocks: number;
  readonly agreeing: number;
  /** Whether this node has a clock of its own. */
  readonly ownClock: boolean;
}

/** An offset of a clock to this node's monotonic one lay between the two ends at `at`. */
interface Source extends Interval {
  readonly at: number;
}

interface Reckoning {
  readonly source: PulseSource;
  readonly interval: Interval;
  readonly clocks: number;
  readonly agreeing: number;
}

/**
 * Mesh time: what the clocks of most nodes agree on (Marzullo 1984). Each node says in what it signs what its own clock shows, never what
 * it was corrected to. Of n clocks n − ⌊(n − 1) / 3⌋ are to agree; where they are too far apart for that, more than half of three or more. A clock within
 * the agreed interval is left alone.
 */
export class Pulse {
  readonly #counters: Pick<Counters, 'refuse'>;
  readonly #isTrusted: boolean;
  /** The newest stamp on disk: time cannot be before it. */
  readonly #floorMs: number;
  readonly #sources = new Map<NodeId, Source>();
  #startedAt: number | undefined;
  #firstHeardAt: number | undefined;
  #raw: Instant = { mono: 0, wall: 0 };
  #reckoning: Reckoning | undefined;
  #reckonedAt = Number.NEGATIVE_INFINITY;
  #ownOffset = 0;
  /** Something was heard since. */
  #isNews = false;
  #offset: number | undefined;

  /** `isTrusted`: false when a person says that this device has no clock worth believing. */
  constructor(counters: Pick<Counters, 'refuse'>, isTrusted: boolean, floorMs = 0) {
    this.#counters = counters;
    this.#isTrusted = isTrusted;
    this.#floorMs = floorMs;
  }

  /** The moment by mesh time. */
  at(raw: Instant): Instant {
    this.#raw = raw;
    this.#startedAt ??= raw.mono;
    const own = raw.wall - raw.mono;
    const everyMs = this.#isSettled && !this.#isNews ? RECKON_SETTLED_MS : RECKON_EVERY_MS;
    const isStale = raw.mono - this.#reckonedAt >= everyMs || Math.abs(own - this.#ownOffset) > STEP_MS;
    if (!this.#reckoning || isStale) this.#reckon();
    return this.#offset === undefined ? raw : { mono: raw.mono, wall: Math.floor(raw.mono + this.#offset) };
  }

  /** What this node's own clock shows, for what it signs; 0 when it has none. */
  get clockMs(): number {
    return this.#hasClock ? Math.floor(this.#raw.wall) : 0;
  }

  /** Whether this node knows what time it is. */
  get isKnown(): boolean {
    return this.#reckoning !== undefined && this.#reckoning.source !== PulseSource.None;
  }

  /** How far ahead of the mesh's time a stamp may be. */
  get aheadMs(): number {
    return this.isKnown ? AHEAD_MS : AHEAD_OF_GUESS_MS;
  }

  /** A node signed that its clock showed `clockMs`, between `longestAgoMs` ago and now. 0: it has none. */
  heard(node: NodeId, clockMs: number, longestAgoMs: number, now: Instant): void {
    if (clockMs === 0) {
      if (this.#sources.delete(node)) this.#reckoning = undefined;
      return;
    }
    if (clockMs < PLAUSIBLE_FROM_MS || clockMs > PLAUSIBLE_TO_MS) return this.#counters.refuse('pulse.implausible');
    const known = this.#sources.get(node);
    if (!known && !this.#hasRoom(now.mono)) return this.#counters.refuse('pulse.limit');
    const offset = clockMs - now.mono;
    const fresh = { earliest: offset, latest: offset + Math.max(0, longestAgoMs) };
    this.#sources.delete(node);
    const { earliest, latest } = narrowed(fresh, known && drifted(known, now.mono));
    this.#sources.set(node, { earliest, latest, at: now.mono });
    this.#firstHeardAt ??= now.mono;
    this.#isNews = true;
    if (!this.#isSettled) this.#reckoning = undefined;
  }

  forget(node: NodeId): void {
    if (this.#sources.delete(node)) this.#reckoning = undefined;
  }

  view(raw: Instant): PulseView {
    const { wall } = this.at(raw);
    const { source, interval, clocks, agreeing } = this.#reckoning as Reckoning;
    return {
      source,
      offsetMs: Math.round(wall - raw.wall),
      earliestAt: Math.floor(raw.mono + interval.earliest),
      latestAt: Math.ceil(raw.mono + interval.latest),
      clocks,
      agreeing,
      ownClock: this.#hasClock,
    };
  }

  get #isSettled(): boolean {
    return (this.#reckoning?.agreeing ?? 0) >= SETTLED_CLOCKS;
  }

  get #hasClock(): boolean {
    const { wall } = this.#raw;
    return this.#isTrusted && wall >= PLAUSIBLE_FROM_MS && wall <= PLAUSIBLE_TO_MS;
  }

  #hasRoom(mono: number): boolean {
    if (this.#sources.size < SOURCES_MAX) return true;
    // In order of when they were last heard.
    const [oldest] = this.#sources;
    if (!oldest || mono - oldest[1].at < STALE_MS) return false;
    this.#sources.delete(oldest[0]);
    return true;
  }

  #reckon(): void {
    const { mono, wall } = this.#raw;
    this.#reckonedAt = mono;
    this.#isNews = false;
    this.#ownOffset = wall - mono;
    for (const [node, { at }] of this.#sources) if (mono - at > STALE_MS) this.#sources.delete(node);
    this.#reckoning = this.#reckoned();
    const { source, interval } = this.#reckoning;
    if (source === PulseSource.Own) this.#offset = undefined;
    else if (this.#hasClock && holds(interval, this.#ownOffset)) this.#offset = undefined;
    // What it was corrected to is kept as long as it may be right: time that moves with every word heard helps nobody.
    else if (this.#offset === undefined || !holds(interval, this.#offset))
      this.#offset = (interval.earliest + interval.latest) / 2;
  }

  #reckoned(): Reckoning {
    const { mono } = this.#raw;
    const heard = [...this.#sources.values()].map((source) => widened(drifted(source, mono), READING_MS));
    const own = widened({ earliest: this.#ownOffset, latest: this.#ownOffset }, READING_MS);
    const all = this.#hasClock ? [own, ...heard] : heard;
    const clocks = all.length;
    const none = (source: PulseSource, interval: Interval): Reckoning => ({ source, interval, clocks, agreeing: 0 });
    if (all.length > 1) {
      const agreed = agreement(all);
      if (agreed) return { source: PulseSource.Agreed, interval: agreed, clocks, agreeing: agreed.sources };
    }
    if (this.#hasClock) return { source: PulseSource.Own, interval: own, clocks, agreeing: 1 };
    const [single] = heard;
    const isPatient = this.#firstHeardAt !== undefined && mono - this.#firstHeardAt >= PATIENCE_MS;
    if (single && heard.length === 1 && isPatient)
      return { source: PulseSource.Single, interval: single, clocks, agreeing: 1 };
    const guess = this.#guess(heard, isPatient);
    return none(PulseSource.None, { earliest: guess, latest: guess });
  }

  /** Without a clock: not before the newest stamp on disk; of clocks that do not agree the one that is behind, for a stamp cannot be taken back. */
  #guess(heard: readonly Interval[], isPatient: boolean): number {
    const floor = Math.max(this.#ownOffset, this.#floorMs - (this.#startedAt ?? 0));
    return isPatient && heard.length > 0 ? Math.max(floor, Math.min(...heard.map(({ earliest }) => earliest))) : floor;
  }
}

/** What most of these clocks agree on: all but a third, or at least more than half. */
function agreement(clocks: readonly Interval[]) {
  const { length } = clocks;
  const agreed = agree(clocks, length - Math.floor((length - 1) / 3), APART_MOST_MS / 2);
  return agreed ?? (length > 2 ? agree(clocks, Math.floor(length / 2) + 1, APART_MOST_MS / 2) : undefined);
}

const holds = ({ earliest, latest }: Interval, offset: number): boolean => offset >= earliest && offset <= latest;

const widened = ({ earliest, latest }: Interval, by: number): Interval => ({
  earliest: earliest - by,
  latest: latest + by,
});

const drifted = (source: Source, mono: number): Interval => widened(source, DRIFT * Math.max(0, mono - source.at));

/** Both hold, unless the clock was set meanwhile: then only what is fresh. */
function narrowed(fresh: Interval, known: Interval | undefined): Interval {
  if (!known) return fresh;
  const earliest = Math.max(fresh.earliest, known.earliest);
  const latest = Math.min(fresh.latest, known.latest);
  return earliest <= latest ? { earliest, latest } : fresh;
}
