import { airtimeMs, isSlowAir } from './carrier.js';
import type { Link } from './links.js';
import { AHEAD_MS } from './pace.js';

/** A hop acknowledgement of a few frames. */
const ACK_BYTES = 48;
/** Acknowledgements wait so long for company: up to a quarter of a frame's time, so that short frames share one. */
const ACK_DELAY_MS = 5;
const ACK_DELAY_MAX_MS = 100;
const TIMEOUT_MIN_MS = 40;
const TIMEOUT_START_MS = 150;
const TIMEOUT_MAX_MS = 1_500;
/** The longest wait, in first ones. */
const TIMEOUTS = 4;
const AIR_TIMEOUTS = 1.5;
/**
 * A reliable carrier loses nothing while its link is up, and says when it had no room: the engine's own timer is there
 * for what the other end could not take.
 */
const RELIABLE_TIMEOUT_MS = 3_000;
/** On a slow carrier the other end may have handed over a little more than the frame it is sending. */
const AHEAD_FRAMES_BYTES = 2 * ACK_BYTES;

export interface LinkTiming {
  /** Of the longest frame. */
  readonly frameMs: number;
  readonly ackDelayMs: number;
  /** Of an acknowledgement. */
  readonly ackMs: number;
  /** Wait for an acknowledgement, from the moment the frame has left, before any round trip is known. */
  readonly firstTimeoutMs: number;
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
}

/** What the traits of its carrier say about the times of a link. */
export function linkTiming(link: Pick<Link, 'carrier' | 'mtuBytes'>): LinkTiming {
  const { traits, pace } = link.carrier;
  const frameMs = airtimeMs(traits, link.mtuBytes);
  const ackDelayMs = Math.min(ACK_DELAY_MAX_MS, Math.max(ACK_DELAY_MS, frameMs / 4));
  // The acknowledgement waits for what the other end is just sending, then takes its own time.
  const busyMs = pace.isPaced ? AHEAD_MS + airtimeMs(traits, AHEAD_FRAMES_BYTES) : 0;
  const answerMs = frameMs + busyMs + airtimeMs(traits, ACK_BYTES) + ackDelayMs + 2 * (traits.latencyMs ?? 0);
  const least = traits.reliable ? RELIABLE_TIMEOUT_MS : 0;
  const minTimeoutMs = Math.max(TIMEOUT_MIN_MS, least, answerMs + 10);
  const firstTimeoutMs = Math.max(TIMEOUT_START_MS, minTimeoutMs, 1.5 * answerMs);
  // What all in earshot share is not eased by waiting: they listen before they talk, and one frame is under way.
  const mostTimes = isSlowAir(link.carrier) && traits.overhears ? AIR_TIMEOUTS : TIMEOUTS;
  return {
    frameMs,
    ackDelayMs,
    ackMs: airtimeMs(traits, ACK_BYTES),
    firstTimeoutMs,
    minTimeoutMs,
    maxTimeoutMs: Math.max(TIMEOUT_MAX_MS, mostTimes * firstTimeoutMs),
  };
}
