import type { NodeId } from '../core/ids.js';
import { Offset } from '../wire/header.js';
import { isSlowAir } from './carrier.js';
import { type Links, serves } from './links.js';
import type { Routing } from './routing.js';
import type { Standby } from './standby.js';

/** Hops that a message may go which its origin sent to every node there is: one, and another for whom it missed. */
export const DIRECT_TTL = 2;

/** A mesh in which a node hears all others. */
export interface Crowd {
  /** Whether this node has a good link to every node it can reach, and passes on to some of them alone. */
  isAllAround(): boolean;
  /** Whether a node says that it hears as many as there are. */
  hearsAll(node: NodeId): boolean;
}

export const NO_CROWD: Crowd = { isAllAround: () => false, hearsAll: () => false };

export function crowdOf(links: Links, routing: Routing, standby: Standby, isSplit: () => boolean): Crowd {
  const isGood = (node: NodeId): boolean => {
    const link = links.best(node);
    return link !== undefined && !isSlowAir(link.carrier) && serves(link) && !link.stalled && !link.suspect;
  };
  return {
    isAllAround: () => {
      if (isSplit() || !standby.chooses) return false;
      for (const node of links.neighbours()) if (!isGood(node)) return false;
      for (const node of routing.reachable().keys()) if (!isGood(node)) return false;
      return true;
    },
    hearsAll: (node) => standby.earshotOf(node) >= routing.lastReachable,
  };
}

/** Whether its origin, as far as it goes, sent a frame to every node there is. */
export const isDirect = (frame: Uint8Array): boolean =>
  (frame[Offset.Ttl] as number) + (frame[Offset.Hops] as number) === DIRECT_TTL;
