import { toHex } from '../../core/bytes.js';
import type { Advert } from './advert.js';
import type { AdvertReport } from './hci-packets.js';
import { BleLimit } from './limits.js';
import { dialsFirst } from './tokens.js';

/** Not heard for longer: out of reach. */
const FRESH_MS = 5_000;
/** The one with the higher token dials only after the other had so long to. */
export const PATIENCE_MS = 10_000;
const RETRY_MS = 500;
const RETRY_MAX_MS = 30_000;
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
  failures: number;
  retryAt: number;
}

export interface Situation {
  readonly now: number;
  readonly ownToken: Uint8Array;
  readonly ownPart: number;
  /** False when the last place is kept for somebody of another part. */
  readonly takesSamePart: boolean;
  readonly takesStrangers: boolean;
  isLinked(key: string): boolean;
}

/** Who is in earshot, by the tokens of their adverts, and who of them is to be dialled next. */
export class Neighbours {
  readonly #known = new Map<string, Neighbour>();

  heard(advert: Advert, report: AdvertReport, mayBeOurs: boolean, now: number): Neighbour {
    const key = toHex(advert.token);
    let known = this.#known.get(key);
    if (known === undefined || now - known.heardAt > PATIENCE_MS) {
      known = { ...this.#fresh(key, advert, now), ...(known && { failures: known.failures, retryAt: known.retryAt }) };
    }
    known.address = report.address;
    known.addressType = report.addressType;
    known.rssi = report.rssi;
    known.part = advert.part;
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

  /** Somebody of another part who has been heard for a while: worth making room for. */
  isOtherPartWaiting(ownPart: number, now: number): boolean {
    for (const known of this.#known.values()) {
      if (known.mayBeOurs && known.part !== ownPart && isFresh(known, now) && now - known.firstHeardAt > FRESH_MS / 2)
        return true;
    }
    return false;
  }

  failed(key: string, now: number): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    known.failures++;
    known.retryAt = now + Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** Math.min(10, known.failures - 1));
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
      failures: 0,
      retryAt: 0,
    };
  }
}

const isFresh = (known: Neighbour, now: number): boolean => now - known.heardAt <= FRESH_MS;

function isCandidate(known: Neighbour, { now, ownToken, ownPart, ...situation }: Situation): boolean {
  if (!known.isConnectable || !isFresh(known, now) || known.retryAt > now || situation.isLinked(known.key))
    return false;
  if (!known.mayBeOurs && !situation.takesStrangers) return false;
  if (known.part === ownPart && !situation.takesSamePart) return false;
  const waited = now - known.firstHeardAt >= PATIENCE_MS;
  return waited || (known.mayBeOurs && dialsFirst(ownToken, known.token));
}

function rank(a: Neighbour, b: Neighbour, ownPart: number): number {
  const other = Number(b.part !== ownPart) - Number(a.part !== ownPart);
  return other || a.failures - b.failures || b.rssi - a.rssi;
}
