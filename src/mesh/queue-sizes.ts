import type { AlertSpread } from './alert-spread.js';
import type { Custody } from './custody.js';
import type { Delivery } from './delivery.js';
import type { Drip } from './drip.js';
import type { Egress } from './egress.js';
import type { Flooding } from './flooding.js';
import type { Links } from './links.js';
import type { Reception } from './reception.js';
import type { SharedAir } from './shared-air.js';

/** What waits in the engine, by name; each is bounded by its limit. */
export function queueSizes(
  mesh: { readonly delivery: Delivery; readonly custody: Custody; readonly links: Links },
  egress: Egress,
  flooding: Flooding,
  air: SharedAir,
  reception: Reception,
  drip: Drip,
  alerts: AlertSpread,
): { readonly [name: string]: number } {
  return {
    ...egress.queued(),
    relays: flooding.pending,
    spreads: air.spreads,
    unread: air.unread,
    messages: mesh.delivery.pending,
    held: reception.heldFrames,
    assemblies: reception.assemblies,
    dedup: reception.dedupSize,
    drip: drip.size,
    alerts: alerts.size,
    links: mesh.links.size,
    ...mesh.custody.sizes(),
  };
}
