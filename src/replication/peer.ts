import type { NodeId } from '../core/ids.js';
import { TokenBucket } from '../core/token-bucket.js';
import {
  COMPARE_FROM,
  MAX_PEER_REFUSED,
  PEER_REFUSED_GENERATION_MS,
  RECONCILE_BURST_BYTES,
  RECONCILE_BURST_MIN_BYTES,
  RECONCILE_BYTES_PER_SECOND,
  RECONCILE_SHARE,
  SERVED_PER_SECOND,
} from './limits.js';
import { Remembered } from './remembered.js';
import { CheckRates } from './verifier.js';

/** What is known of one neighbour while it is up. */
export class Peer {
  readonly id: NodeId;
  readonly rates = new CheckRates();
  readonly served = new TokenBucket(SERVED_PER_SECOND, SERVED_PER_SECOND);
  reconciling = new TokenBucket(RECONCILE_BYTES_PER_SECOND, RECONCILE_BURST_BYTES);
  readonly #refused = new Remembered(MAX_PEER_REFUSED, PEER_REFUSED_GENERATION_MS);
  /** When our root was last sent to it. */
  rootSentAt = Number.NEGATIVE_INFINITY;
  /** A comparison with it is under way and has brought this much: worth another look once nothing more is on its way. */
  comparing = false;
  gained = 0;

  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #burst = RECONCILE_BURST_BYTES;

  constructor(id: NodeId) {
    this.id = id;
  }

  /** How fast the way to it is. Comparing takes a part of that. */
  reachedAt(bytesPerSecond: number): void {
    if (this.#bytesPerSecond === bytesPerSecond) return;
    this.#bytesPerSecond = bytesPerSecond;
    const rate = Math.min(RECONCILE_BYTES_PER_SECOND, bytesPerSecond * RECONCILE_SHARE);
    this.#burst = Math.min(RECONCILE_BURST_BYTES, Math.max(RECONCILE_BURST_MIN_BYTES, bytesPerSecond));
    this.reconciling = new TokenBucket(rate, this.#burst);
  }

  /** Whether a comparison can get far enough to be of use: cut short near its root each time, it would find nothing for ever. */
  mayCompare(now: number): boolean {
    return this.reconciling.has(now, this.#burst * COMPARE_FROM);
  }

  /** It sent this version in a bad state. */
  refuse(key: bigint, digest: number, now: number): void {
    this.#refused.set(key, digest, now);
  }

  hasRefused(key: bigint, digest: number, now: number): boolean {
    return this.#refused.get(key, now) === digest;
  }
}
