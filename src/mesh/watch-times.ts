import { airtimeMs, type Carrier } from './carrier.js';
import { heartbeatIntervalMs } from './intervals.js';
import type { Link } from './links.js';
import type { MeshTiming } from './types.js';

/** How long a neighbour may be silent, and how it is asked then. All in ms. */
export interface WatchTimes {
  /** A heartbeat over this link that asks for nothing goes out this long after the last one of any kind. Infinite where one goes to everybody. */
  readonly beatMs: number;
  /** Silence after which the neighbour is asked. */
  readonly askMs: number;
  /** Between two exchanges although it is heard: they time the round trip, and show that both directions work. */
  readonly exchangeMs: number;
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

/** Shares of the heartbeat interval. On a carrier of IP speed one heartbeat goes to everybody in earshot, … */
const PRESENCE = 0.2;
/** … less often when they are so many, for each has to hear them all. */
const PRESENCE_PER_LINK = 1 / 90;
const PRESENCE_MOST = 1;
/** One missing is enough to ask. */
const ASK_PRESENCES = 1.2;
const EXCHANGE = 6;
/** Where nothing reaches everybody, each link has an exchange of its own. */
const ASK_PER_LINK = 0.08;
const ASK_LEAST = 0.2;
const ASK_MOST = 1.25;
const FIRST = 0.04;
const EVERY = 0.012;
const ALONE = 0.34;
const CONFIRMED = 0.3;
/** Whatever the heartbeat: somebody who stands still for a second is not dead. */
const ALONE_LEAST_MS = 1_700;
const CONFIRMED_LEAST_MS = 1_500;
const EVERY_LEAST_MS = 40;
/** At a loss of 20 % a question and its answer both arrive in 64 of 100 cases: 24 in vain, once in forty billion. */
const PROBES = 24;
const CONFIRMED_PROBES = 10;
const SUSPECT_PROBES = 4;
/** A slow line is asked less often: it has little room. One that says that it loses nothing is believed after a few questions; … */
const LINE_ASK = 1.15;
const LINE_EVERY_LEAST_MS = 400;
const LINE_PROBES = 3;
const LINE_SUSPECT_PROBES = 2;
/**
 * … any other may be a pair of modems that loses a fifth: 16 in vain once in ten million, so they go in quick succession, as fast as leaves the line
 * free for other things most of the time. Each is of so many bytes.
 */
const LOSSY_LINE_PROBES = 16;
const LOSSY_LINE_EVERY_LEAST_MS = 120;
const LOSSY_LINE_EVERY_AIRTIMES = 4;
const PROBE_BYTES = 44;
/** Somebody hears the node: more patience with the link. */
const VOUCHED_TIMES = 2.5;

const scaleOf = ({ heartbeatMs, peerTimeoutMs }: MeshTiming): number => Math.min(heartbeatMs, peerTimeoutMs / 3);

/** Whether one heartbeat goes to everybody in earshot, rather than one over each link. */
export const hasPresence = ({ traits, pace }: Pick<Carrier, 'traits' | 'pace'>): boolean =>
  traits.broadcast && !pace.isPaced;

/** Between two heartbeats to everybody of a node with so many links. */
export const presenceMs = (links: number, timing: MeshTiming): number =>
  scaleOf(timing) * Math.min(PRESENCE_MOST, Math.max(PRESENCE, PRESENCE_PER_LINK * links));

/**
 * The times of a link that is not a slow shared air. `degree`: links that the busier of the two ends has; all of them together ask as often as one
 * node can be asked.
 */
export function watchTimes(link: Link, degree: number, timing: MeshTiming): WatchTimes {
  const { carrier, rttMs = 0 } = link;
  const beatMs = heartbeatIntervalMs(carrier.traits, carrier.linksUp, timing);
  const scale = scaleOf(timing);
  const most = timing.peerTimeoutMs / 2;
  if (carrier.pace.isPaced) return lineTimes(link, Math.min(beatMs, timing.peerTimeoutMs / 3), scale, timing);
  const everyMs = Math.max(EVERY_LEAST_MS, EVERY * scale);
  const firstMs = Math.min(most / 4, Math.max(2 * everyMs, FIRST * scale, 4 * rttMs));
  const answeredMs = Math.max(everyMs, 2 * rttMs);
  const takes = (probes: number): number => firstMs + (probes - 2) * everyMs + answeredMs;
  const aloneMs = Math.min(most, Math.max(ALONE_LEAST_MS, ALONE * scale, takes(PROBES)));
  const confirmedMs = Math.max(CONFIRMED_LEAST_MS, CONFIRMED * scale, takes(CONFIRMED_PROBES));
  const shared = hasPresence(carrier);
  return {
    beatMs: shared ? Number.POSITIVE_INFINITY : beatMs,
    askMs: shared
      ? ASK_PRESENCES * presenceMs(degree, timing)
      : scale * Math.min(ASK_MOST, Math.max(ASK_LEAST, ASK_PER_LINK * degree)),
    exchangeMs: shared ? EXCHANGE * scale : Number.POSITIVE_INFINITY,
    firstMs,
    everyMs,
    suspectProbes: SUSPECT_PROBES,
    leastProbes: CONFIRMED_PROBES,
    aloneMs,
    confirmedMs: Math.min(aloneMs, confirmedMs),
    vouchedMs: Math.min(most, VOUCHED_TIMES * aloneMs),
  };
}

function lineTimes(link: Link, beatMs: number, scale: number, timing: MeshTiming): WatchTimes {
  const { traits } = link.carrier;
  const most = timing.peerTimeoutMs / 2;
  // Question and answer each wait for the longest frame that may be under way.
  const roundTripMs = Math.max(link.rttMs ?? 0, 2 * (airtimeMs(traits, link.mtuBytes) + (traits.latencyMs ?? 0)));
  if (!traits.reliable) return lossyLineTimes(link, beatMs, roundTripMs, scale, timing);
  const aloneMs = Math.min(most, Math.max(ALONE_LEAST_MS, scale / 2, LINE_PROBES * roundTripMs));
  const everyMs = Math.max(LINE_EVERY_LEAST_MS, Math.min(roundTripMs, aloneMs / LINE_PROBES));
  return {
    beatMs,
    askMs: LINE_ASK * beatMs,
    exchangeMs: Number.POSITIVE_INFINITY,
    firstMs: everyMs,
    everyMs,
    suspectProbes: LINE_SUSPECT_PROBES,
    leastProbes: Math.min(LINE_PROBES, Math.max(1, Math.floor(aloneMs / everyMs))),
    aloneMs,
    confirmedMs: aloneMs,
    vouchedMs: Math.min(most, VOUCHED_TIMES * aloneMs),
  };
}

/** The questions are not waited for one by one: their answers are under way while the next ones are asked. */
function lossyLineTimes(
  { carrier: { traits } }: Link,
  beatMs: number,
  roundTripMs: number,
  scale: number,
  { peerTimeoutMs }: MeshTiming,
): WatchTimes {
  const askMs = LINE_ASK * beatMs;
  const onceMs = airtimeMs(traits, PROBE_BYTES);
  const everyMs = Math.max(LOSSY_LINE_EVERY_LEAST_MS, LOSSY_LINE_EVERY_AIRTIMES * onceMs);
  const firstMs = Math.max(everyMs, 2 * (onceMs + (traits.latencyMs ?? 0)));
  const most = Math.max(peerTimeoutMs / 2, peerTimeoutMs - askMs);
  const takesMs = firstMs + (LOSSY_LINE_PROBES - 2) * everyMs + roundTripMs;
  const aloneMs = Math.min(most, Math.max(ALONE_LEAST_MS, scale / 2, takesMs));
  return {
    beatMs,
    askMs,
    exchangeMs: Number.POSITIVE_INFINITY,
    firstMs,
    everyMs,
    suspectProbes: SUSPECT_PROBES,
    leastProbes: Math.min(LOSSY_LINE_PROBES, Math.max(1, Math.floor(aloneMs / everyMs))),
    aloneMs,
    confirmedMs: aloneMs,
    vouchedMs: Math.min(most, VOUCHED_TIMES * aloneMs),
  };
}
