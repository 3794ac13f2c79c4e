import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { LinkAddress } from '../ports/radio.js';
import type { Carrier } from './carrier.js';
import type { Link } from './links.js';

/** Neighbours given up whose first word is answered with a greeting, and for how long. Beyond, the one lost first is left to beacons. */
const LOST_MAX = 256;
const LOST_MS = 600_000;

const keyOf = (carrier: Pick<Carrier, 'index'>, address: LinkAddress): string => `${carrier.index}|${address}`;

/** Who was where before it was given up without a goodbye. */
export class LostNeighbours {
  readonly #lost = new Map<string, { readonly peer: NodeId; readonly until: number }>();

  add({ carrier, address, peer }: Link, now: Instant): void {
    if (peer === undefined || carrier.traits.connected) return;
    const key = keyOf(carrier, address);
    this.#lost.delete(key);
    this.#lost.set(key, { peer, until: now.mono + LOST_MS });
    if (this.#lost.size > LOST_MAX) this.#lost.delete(this.#lost.keys().next().value as string);
  }

  /** Whether this node was there, of late; once. */
  take(carrier: Carrier, address: LinkAddress, source: NodeId, now: Instant): boolean {
    const key = keyOf(carrier, address);
    const lost = this.#lost.get(key);
    if (lost?.peer !== source) return false;
    this.#lost.delete(key);
    return lost.until > now.mono;
  }
}
