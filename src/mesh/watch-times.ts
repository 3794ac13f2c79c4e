import { airtimeMs } from './carrier.js';
import { heartbeatIntervalMs } from './intervals.js';
import type { Link } from './links.js';
import type { MeshTiming } from './types.js';

/** How long a neighbour may be silent, and how it is asked then. All in ms. */
export interface WatchTimes {
  /** A heartbeat that asks for nothing goes out this long after the last one of any kind. */
  readonly beatMs: number;
  /** Silence after which the neighbour is asked. */
  readonly askMs: number;
  /** Until the second question, and between further ones. */
  readonly firstMs: number;
  readonly everyMs: number;
  /** Questions without an answer after which the neighbour is suspected, and before which it is never given up. */
  readonly suspectProbes: number;
  readonly leastProbes: number;
  /** From the first question without an answer until the neighbour is given up: when nobody else knows anything, … */
  readonly aloneMs: number;
  /** … when enough others do not hear it either, … */
  readonly confirmedMs: number;
  /** … and when somebody heard it, or this node did over another radio: then it is the link that is dead. */
  readonly vouchedMs: number;
}

/** Shares of the heartbeat interval, on a carrier of IP speed. */
const Share = { ASK_PER_LINK: 0.08, ASK_LEAST: 0.2, ASK_MOST: 1.25, FIRST: 0.05, EVERY: 0.02, ALONE: 0.48, CONFIRMED: 0.32 };
/** Whatever the heartbeat: somebody who stands still for a second is not dead. */
const ALONE_LEAST_MS = 2_000;
const CONFIRMED_LEAST_MS = 1_600;
const EVERY_LEAST_MS = 50;
/** At a loss of 20 % a question and its answer both arrive in 64 of 100 cases: 20 in vain, once in a billion. */
const PROBES = 20;
const CONFIRMED_PROBES = 10;
const SUSPECT_PROBES = 4;
/** A slow line is asked less often: it has little room, and loses little. */
const LINE_EVERY_LEAST_MS = 400;
const LINE_PROBES = 3;
const LINE_SUSPECT_PROBES = 2;

/**
 * The times of a link that is not a slow shared air. `degree`: links that the busier of the two ends has; all of them together ask as often as one
 * node can be asked.
 */
export function watchTimes(link: Link, degree: number, timing: MeshTiming): WatchTimes {
  const { carrier, rttMs = 0 } = link;
  const beatMs = heartbeatIntervalMs(carrier.traits, carrier.linksUp, timing);
  const scale = Math.min(timing.heartbeatMs, timing.peerTimeoutMs / 3);
  const most = timing.peerTimeoutMs / 2;
  if (carrier.pace.isPaced) return lineTimes(link, Math.min(beatMs, timing.peerTimeoutMs / 3), scale, most);
  const everyMs = Math.max(EVERY_LEAST_MS, Share.EVERY * scale);
  const firstMs = Math.min(most / 4, Math.max(2 * everyMs, Share.FIRST * scale, 4 * rttMs));
  const answeredMs = Math.max(everyMs, 2 * rttMs);
  const takes = (probes: number): number => firstMs + (probes - 2) * everyMs + answeredMs;
  const aloneMs = Math.min(most, Math.max(ALONE_LEAST_MS, Share.ALONE * scale, takes(PROBES)));
  const confirmedMs = Math.max(CONFIRMED_LEAST_MS, Share.CONFIRMED * scale, takes(CONFIRMED_PROBES));
  return {
    beatMs,
    askMs: scale * Math.min(Share.ASK_MOST, Math.max(Share.ASK_LEAST, Share.ASK_PER_LINK * degree)),
    firstMs,
    everyMs,
    suspectProbes: SUSPECT_PROBES,
    leastProbes: CONFIRMED_PROBES,
    aloneMs,
    confirmedMs: Math.min(aloneMs, confirmedMs),
    vouchedMs: Math.min(most, 2 * aloneMs),
  };
}

function lineTimes(link: Link, beatMs: number, scale: number, most: number): WatchTimes {
  const { traits } = link.carrier;
  // Question and answer each wait for the longest frame that may be under way.
  const roundTripMs = Math.max(link.rttMs ?? 0, 2 * (airtimeMs(traits, link.mtuBytes) + (traits.latencyMs ?? 0)));
  const aloneMs = Math.min(most, Math.max(ALONE_LEAST_MS, scale / 2, LINE_PROBES * roundTripMs));
  const everyMs = Math.max(LINE_EVERY_LEAST_MS, Math.min(roundTripMs, aloneMs / LINE_PROBES));
  return {
    beatMs,
    askMs: Share.ASK_MOST * beatMs,
    firstMs: everyMs,
    everyMs,
    suspectProbes: LINE_SUSPECT_PROBES,
    leastProbes: Math.min(LINE_PROBES, Math.max(1, Math.floor(aloneMs / everyMs))),
    aloneMs,
    confirmedMs: aloneMs,
    vouchedMs: Math.min(most, 2 * aloneMs),
  };
}
