import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { isSlowAir } from './carrier.js';
import type { Item } from './kept-items.js';
import type { Links } from './links.js';
import type { Routing } from './routing.js';

/** Neighbours that keep a copy of a message whose destination is away. */
export const KEEPERS = 2;
/** Where a slow air leads to all of them: a copy costs there what others need. */
const KEEPERS_OVER_SLOW_AIR = 1;

/**
 * Who is to keep this message next: the neighbour over which its destination was last reached, else the best connected
 * one. `undefined` when there are keepers enough, or nobody else.
 */
export function nextKeeper(item: Item, links: Links, routing: Routing, now: Instant): NodeId | undefined {
  if (item.keepers.size >= KEEPERS) return undefined;
  const via = routing.lastVia(item.to);
  let best: { readonly node: NodeId; readonly rank: number } | undefined;
  for (const node of links.neighbours()) {
    if (node === item.to || node === item.origin || item.keepers.has(node)) continue;
    if ((item.avoid.get(node) ?? 0) > now.mono) continue;
    const link = links.best(node);
    if (!link || (isSlowAir(link.carrier) && item.keepers.size >= KEEPERS_OVER_SLOW_AIR)) continue;
    const rank = node === via ? Number.POSITIVE_INFINITY : routing.topology.edgesOf(node).size;
    if (!best || rank > best.rank || (rank === best.rank && node < best.node)) best = { node, rank };
  }
  return best?.node;
}
