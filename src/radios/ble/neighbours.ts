import { toHex } from '../../core/bytes.js';
import type { Advert } from './advert.js';
import type { AdvertReport } from './hci-packets.js';
import { BleLimit } from './limits.js';
import { dialsFirst } from './tokens.js';

/** Not heard for longer: probably out of reach, and no call is spent on it. */
const FRESH_MS = 2_000;
/** The one with the higher token dials only after the other had so long to. */
export const PATIENCE_MS = 10_000;
/** The same for somebody of another part: it may have no place left to dial from. */
const OTHER_PART_PATIENCE_MS = 3_000;
/** News of a root that changed takes a while to all: who shows another one for so long is of another part. */
const OTHER_MS = 1_000;
/** And for so long before a controller that takes turns counts it as cut off. */
const WAITING_MS = 2_500;
const RETRY_MS = 500;
const RETRY_MAX_MS = 30_000;
/** The same for somebody of another part: a mesh in two pieces is worth the calls. */
const OTHER_PART_RETRY_MAX_MS = 4_000;
const CONNECTABLE = 0;

export interface Neighbour {
  /** Its token in hex. */
  readonly key: string;
  readonly token: Uint8Array;
  readonly firstHeardAt: number;
  address: string;
  addressType: number;
  rssi: number;
  part: number;
  /** Its advert looks like one of our mesh. */
  mayBeOurs: boolean;
  isConnectable: boolean;
  heardAt: number;
  /** Since when its adverts have shown another part than ours; `undefined` while they show the same. */
  otherSince: number | undefined;
  failures: number;
  failedAt: number;
}

export interface Situation {
  readonly now: number;
  readonly ownToken: Uint8Array;
  readonly ownPart: number;
  /** False when the last place is kept for somebody of another part, who seemed so for a while. */
  readonly takesSamePart: boolean;
  readonly takesStrangers: boolean;
  /** Room was made for this one: it is dialled, whose turn it may be. */
  readonly awaited: string | undefined;
  isLinked(key: string, address: string): boolean;
}

/** Who is in earshot, by the tokens of their adverts, and who of them is to be dialled next. */
export class Neighbours {
  readonly #below: (bound: number) => number;
  readonly #known = new Map<string, Neighbour>();

  /** `below` draws a number from 0 to a bound, so that not all act at once. */
  constructor(below: (bound: number) => number) {
    this.#below = below;
  }

  heard(advert: Advert, report: AdvertReport, mayBeOurs: boolean, ownPart: number, now: number): Neighbour {
    const key = toHex(advert.token);
    let known = this.#known.get(key);
    if (known === undefined || now - known.heardAt > PATIENCE_MS) {
      known = {
        ...this.#fresh(key, advert, now),
        ...(known && { failures: known.failures, failedAt: known.failedAt }),
      };
    }
    known.address = report.address;
    known.addressType = report.addressType;
    known.rssi = report.rssi;
    known.part = advert.part;
    known.otherSince = advert.part === ownPart ? undefined : (known.otherSince ?? now);
    known.mayBeOurs = mayBeOurs;
    known.isConnectable = report.type === CONNECTABLE;
    known.heardAt = now;
    // Last in the map is heard last, so the first is the one to forget.
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size > BleLimit.Neighbours) this.#known.delete(this.#known.keys().next().value as string);
    return known;
  }

  /** The best to dial now: of another part first, then those that failed least, then the loudest. */
  next(situation: Situation): Neighbour | undefined {
    let best: Neighbour | undefined;
    for (const known of this.#known.values()) {
      if (!isCandidate(known, situation)) continue;
      if (best === undefined || rank(known, best, situation.ownPart) < 0) best = known;
    }
    return best;
  }

  /** Those of another part who are in earshot. */
  ofOtherParts(ownPart: number, now: number): Neighbour[] {
    return [...this.#known.values()].filter(
      (known) => known.mayBeOurs && known.part !== ownPart && known.otherSince !== undefined && isFresh(known, now),
    );
  }

  /** Somebody of another part has been heard for a while. */
  isOtherPartWaiting(ownPart: number, now: number): boolean {
    return this.ofOtherParts(ownPart, now).some(({ otherSince = now }) => now - otherSince >= WAITING_MS);
  }

  /** Somebody who looks like one of ours and has no link to us is in earshot. */
  isAnyUnlinked(now: number, isLinked: (key: string, address: string) => boolean): boolean {
    for (const known of this.#known.values())
      if (known.mayBeOurs && isFresh(known, now) && !isLinked(known.key, known.address)) return true;
    return false;
  }

  failed(key: string, now: number): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    known.failures++;
    known.failedAt = now - this.#below(RETRY_MS / 2);
  }

  reached(key: string): void {
    const known = this.#known.get(key);
    if (known !== undefined) known.failures = 0;
  }

  /** The link to it is gone: what was heard before says nothing of where it is now. */
  lost(key: string): void {
    const known = this.#known.get(key);
    if (known !== undefined) known.heardAt = Number.NEGATIVE_INFINITY;
  }

  get size(): number {
    return this.#known.size;
  }

  #fresh(key: string, advert: Advert, now: number): Neighbour {
    return {
      key,
      token: advert.token,
      firstHeardAt: now,
      address: '',
      addressType: 0,
      rssi: 127,
      part: advert.part,
      mayBeOurs: false,
      isConnectable: false,
      heardAt: now,
      otherSince: undefined,
      failures: 0,
      failedAt: 0,
    };
  }
}

const isFresh = (known: Neighbour, now: number): boolean => now - known.heardAt <= FRESH_MS;

function isCandidate(known: Neighbour, { now, ownToken, ownPart, ...situation }: Situation): boolean {
  if (!known.isConnectable || !isFresh(known, now) || situation.isLinked(known.key, known.address)) return false;
  if (!known.mayBeOurs && !situation.takesStrangers) return false;
  const isOther = known.part !== ownPart;
  if (!situation.takesSamePart && (!isOther || now - (known.otherSince ?? now) < OTHER_MS)) return false;
  const isClose = known.mayBeOurs && isOther;
  if (known.failures > 0 && now - known.failedAt < retryMs(known.failures, isClose)) return false;
  if (known.mayBeOurs && (known.key === situation.awaited || dialsFirst(ownToken, known.token))) return true;
  return now - known.firstHeardAt >= (isClose ? OTHER_PART_PATIENCE_MS : PATIENCE_MS);
}

const retryMs = (failures: number, isClose: boolean): number =>
  Math.min(isClose ? OTHER_PART_RETRY_MAX_MS : RETRY_MAX_MS, RETRY_MS * 2 ** Math.min(10, failures - 1));

function rank(a: Neighbour, b: Neighbour, ownPart: number): number {
  const other = Number(b.part !== ownPart) - Number(a.part !== ownPart);
  return other || a.failures - b.failures || b.rssi - a.rssi;
}
