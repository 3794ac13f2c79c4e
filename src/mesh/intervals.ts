import type { RadioTraits } from '../ports/radio.js';
import { airtimeMs, type Carrier, capacityOf, isSlowAir, speakers } from './carrier.js';
import type { Links } from './links.js';
import { isPacedAt } from './pace.js';
import type { MeshTiming } from './types.js';

/** Of the longest heartbeat, and of a signed beacon with a short name, on their carriers. */
const HEARTBEAT_BYTES = 44;
const BEACON_BYTES = 176;
/** Shares of a channel, of all that is sent on it by everybody in earshot. */
const HEARTBEAT_SHARE = 0.02;
const BEACON_SHARE = 0.005;
const LONGEST_MS = 600_000;
const SLOW_LONGEST_MS = 3_600_000;
/** Of a signed beat as it drips, and the share of a slow air that the beats of all in earshot may take. */
const BEAT_BYTES = 215;
const BEAT_SHARE = 0.005;
/** Who lacks a beacon over slow air asks for it. */
export const SLOW_BEACON_MS = 4 * 3_600_000;
/** Of a list without names in it, and of each name. */
const HEARING_BYTES = 44;
/** Of the time that its duty cycle leaves a node, what its lists may take. */
const OWN_SHARE = 0.1;
const HEARD_BYTES = 3;
const HEARING_MIN_AIRTIMES = 5;
/** As long as it is not known how many there are, they may be so many. */
const HEARD_AT_LEAST = 5;

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
  const longest = traits.broadcast && isPacedAt(traits.bitsPerSecond) ? SLOW_BEACON_MS : LONGEST_MS;
  return Math.max(BEACON_MAX_MS, beaconMinMs(traits), Math.min(longest, fair));
}

/** A list of whom a node hears, over slow air: as long as the node hears many. */
const hearingBytes = (heard: number): number => HEARING_BYTES + HEARD_BYTES * heard;

/** Soonest after another: all in earshot may have the same news. */
export const hearingMinMs = (traits: RadioTraits, heard: number, { heartbeatMs }: MeshTiming): number =>
  Math.max(
    heartbeatMs,
    (Math.max(HEARD_AT_LEAST, heard) + 1) * airtimeMs(traits, hearingBytes(heard)) * HEARING_MIN_AIRTIMES,
  );

/** When there is no news, by the share of the channel. */
export function hearingMaxMs(traits: RadioTraits, heard: number, timing: MeshTiming): number {
  const onceMs = airtimeMs(traits, hearingBytes(heard));
  const fair = ((heard + 1) * onceMs) / HEARTBEAT_SHARE;
  // What the law leaves is each node's own, and needed for other things.
  const lawful = onceMs / (OWN_SHARE * dutyOf(traits));
  return Math.max(hearingMinMs(traits, heard, timing), Math.min(SLOW_LONGEST_MS, Math.max(fair, lawful)));
}

const dutyOf = ({ dutyCycle }: RadioTraits): number => Math.min(1, Math.max(0.001, dutyCycle));

/** However many nodes were heard of: a beat carries the time, too. */
const SLOW_ROUND_MAX_MS = 24 * 3_600_000;

/**
 * Where a node's neighbours, and while it has none its radios, are of slow air alone: in how long so many nodes say a beat each with the share
 * of the air that is for beats. Each beat is heard once there, whoever passes it on.
 */
export function slowRoundMs(
  carriers: readonly Carrier[],
  links: Pick<Links, 'neighbourCount' | 'onlySlowAir'>,
  nodes: number,
): number | undefined {
  const up = carriers.filter((carrier) => carrier.up);
  const isSlow = links.neighbourCount > 0 ? links.onlySlowAir : up.length > 0 && up.every(isSlowAir);
  if (!isSlow) return undefined;
  const each = up
    .filter(isSlowAir)
    .map(({ traits }) => (nodes * airtimeMs(traits, BEAT_BYTES)) / (BEAT_SHARE * dutyOf(traits)));
  return Math.min(SLOW_ROUND_MAX_MS, Math.max(0, ...each));
}

export const greetingMs = (traits: RadioTraits): number =>
  Math.max(GREETING_MS, airtimeMs(traits, BEACON_BYTES) * GREETING_AIRTIMES + 2 * (traits.latencyMs ?? 0));
