import type { RadioTraits } from '../ports/radio.js';
import { airtimeMs, capacityOf, speakers } from './carrier.js';
import type { MeshTiming } from './types.js';

/** Of the longest heartbeat, and of a signed beacon with a short name, on their carriers. */
const HEARTBEAT_BYTES = 44;
const BEACON_BYTES = 176;
/** Shares of a channel, of all that is sent on it by everybody in earshot. */
const HEARTBEAT_SHARE = 0.02;
const BEACON_SHARE = 0.005;
const LONGEST_MS = 600_000;

/** A beacon to everybody: often at first and after a change, then ever more rarely. */
const BEACON_MIN_MS = 250;
const BEACON_MIN_AIRTIMES = 8;
const BEACON_MAX_MS = 15_000;
/** A greeting is repeated after this: never before its answer can be here. */
const GREETING_MS = 250;
const GREETING_AIRTIMES = 4;

/**
 * Between two heartbeats over one link, on a carrier with so many links: as set, and longer where they would take too
 * much of the channel. On a line between two never so long that a peer's timeout would have to wait for it.
 */
export function heartbeatIntervalMs(traits: RadioTraits, links: number, timing: MeshTiming): number {
  const frames = speakers(traits, links) * Math.max(1, links);
  const fair = (frames * HEARTBEAT_BYTES * 8_000) / (capacityOf(traits) * HEARTBEAT_SHARE);
  const most = traits.broadcast ? LONGEST_MS : timing.peerTimeoutMs / 3;
  return Math.max(timing.heartbeatMs, Math.min(most, fair));
}

export const beaconMinMs = (traits: RadioTraits): number =>
  Math.max(BEACON_MIN_MS, airtimeMs(traits, BEACON_BYTES) * BEACON_MIN_AIRTIMES);

export function beaconMaxMs(traits: RadioTraits, links: number): number {
  const fair = (speakers(traits, links) * BEACON_BYTES * 8_000) / (capacityOf(traits) * BEACON_SHARE);
  return Math.max(BEACON_MAX_MS, beaconMinMs(traits), Math.min(LONGEST_MS, fair));
}

export const greetingMs = (traits: RadioTraits): number =>
  Math.max(GREETING_MS, airtimeMs(traits, BEACON_BYTES) * GREETING_AIRTIMES + 2 * (traits.latencyMs ?? 0));
