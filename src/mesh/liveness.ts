import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag, type Header } from '../wire/header.js';
import { type Egress, earlier, localHeader } from './egress.js';
import type { Link, Links } from './links.js';
import type { MeshContext } from './types.js';

/** Silence, in heartbeat intervals, after which a neighbour is asked whether it is there. */
const SUSPECT_AFTER_INTERVALS = 2.2;
const PROBES = 4;
const PROBE_EVERY_MS = 400;
/** Heartbeats whose answers can still be timed. */
const TIMED_HEARTBEATS = 4;

interface Pulse {
  nextAt: number;
  sent: { sequence: number; at: number }[];
  heardSequence: number;
  heardAt: number;
  probes: number;
  nextProbeAt: number | undefined;
}

export interface LivenessEvents {
  dead(link: Link, reason: string, now: Instant): void;
  /** The neighbour holds something else than we do. */
  digest(link: Link, digest: number, now: Instant): void;
  ownDigest(): number;
  nextSequence(): number;
}

/**
 * Link-local heartbeats in both directions: they show that a neighbour is there, time the round trip, and carry a
 * digest of what each end holds. A silent neighbour is probed before it is given up.
 */
export class Liveness {
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #egress: Egress;
  readonly #events: LivenessEvents;
  readonly #pulses = new Map<number, Pulse>();

  constructor(context: MeshContext, links: Links, egress: Egress, events: LivenessEvents) {
    this.#context = context;
    this.#links = links;
    this.#egress = egress;
    this.#events = events;
  }

  open(link: Link, now: Instant): void {
    this.#pulses.set(link.id, {
      nextAt: now.mono + this.#context.random.below(Math.min(200, this.#context.timing.heartbeatMs)),
      sent: [],
      heardSequence: 0,
      heardAt: 0,
      probes: 0,
      nextProbeAt: undefined,
    });
  }

  close(link: Link): void {
    this.#pulses.delete(link.id);
  }

  /** Anything that came over the link shows that its neighbour is there. */
  alive(link: Link, now: Instant): void {
    link.lastHeard = now;
    const pulse = this.#pulses.get(link.id);
    if (!pulse) return;
    pulse.probes = 0;
    pulse.nextProbeAt = undefined;
  }

  /** Something else suggests that the neighbour is gone: ask it now. */
  suspect(link: Link, now: Instant): void {
    const pulse = this.#pulses.get(link.id);
    if (pulse && pulse.nextProbeAt === undefined) pulse.nextProbeAt = now.mono;
  }

  heard(link: Link, header: Header, payload: Uint8Array, now: Instant): void {
    const pulse = this.#pulses.get(link.id);
    const beat = decode(Body.HeartbeatSchema, payload);
    if (!pulse || !beat) {
      this.#context.counters.refuse('heartbeat.malformed');
      return;
    }
    pulse.heardSequence = header.sequence & 0xffff;
    pulse.heardAt = now.mono;
    const sent = pulse.sent.find((entry) => entry.sequence === beat.echo);
    if (sent) sampleRtt(link, now.mono - sent.at - beat.heldMs);
    if (header.flags & Flag.AckWanted) this.#send(link, pulse, false, now);
    this.#events.digest(link, beat.digest, now);
  }

  tick(now: Instant): void {
    for (const [id, pulse] of this.#pulses) {
      const link = this.#links.byId(id);
      if (!link) continue;
      this.#watch(link, pulse, now);
      if (pulse.nextAt > now.mono || !this.#pulses.has(id)) continue;
      this.#send(link, pulse, false, now);
      const interval = this.#context.timing.heartbeatMs;
      pulse.nextAt = now.mono + interval * (0.9 + this.#context.random.below(200) / 1_000);
    }
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const [id, pulse] of this.#pulses) {
      const link = this.#links.byId(id);
      if (!link) continue;
      earliest = earlier(earliest, pulse.nextAt);
      earliest = earlier(earliest, pulse.nextProbeAt ?? this.#suspectAt(link));
    }
    return earliest;
  }

  #suspectAt(link: Link): number {
    const { heartbeatMs, peerTimeoutMs } = this.#context.timing;
    const silenceMs = Math.min(heartbeatMs * SUSPECT_AFTER_INTERVALS, peerTimeoutMs - PROBES * PROBE_EVERY_MS);
    return link.lastHeard.mono + Math.max(0, silenceMs);
  }

  #watch(link: Link, pulse: Pulse, now: Instant): void {
    const silentMs = now.mono - link.lastHeard.mono;
    if (silentMs >= this.#context.timing.peerTimeoutMs) {
      this.#events.dead(link, `silent for ${Math.round(silentMs / 1000)} s`, now);
      return;
    }
    if (pulse.nextProbeAt === undefined && now.mono >= this.#suspectAt(link)) pulse.nextProbeAt = now.mono;
    if (pulse.nextProbeAt === undefined || pulse.nextProbeAt > now.mono) return;
    if (pulse.probes >= PROBES) {
      this.#events.dead(link, `no answer to ${PROBES} probes`, now);
      return;
    }
    pulse.probes++;
    // Slow links get the time their round trip needs.
    pulse.nextProbeAt = now.mono + Math.max(PROBE_EVERY_MS, (link.rttMs ?? 0) * 3);
    this.#send(link, pulse, true, now);
  }

  #send(link: Link, pulse: Pulse, probe: boolean, now: Instant): void {
    const sequence = this.#events.nextSequence();
    const flags = probe ? Flag.AckWanted : 0;
    const header = localHeader(this.#context, FrameType.Heartbeat, Priority.High, sequence, flags);
    const payload = encode(Body.HeartbeatSchema, {
      digest: this.#events.ownDigest(),
      echo: pulse.heardSequence,
      heldMs: pulse.heardSequence === 0 ? 0 : Math.min(16_383, Math.round(now.mono - pulse.heardAt)),
    });
    pulse.sent = [{ sequence: sequence & 0xffff, at: now.mono }, ...pulse.sent].slice(0, TIMED_HEARTBEATS);
    this.#context.counters.countSent(FrameType.Heartbeat);
    this.#egress.sendUnacknowledged(link, { header, payload });
  }
}

function sampleRtt(link: Link, ms: number): void {
  if (ms < 0 || ms > 60_000) return;
  link.rttMs = link.rttMs === undefined ? ms : link.rttMs * 0.875 + ms * 0.125;
}

/** One number for everything held: what two neighbours compare in each heartbeat. */
export function combineDigests(...digests: readonly number[]): number {
  let combined = 0x811c9dc5;
  for (const digest of digests) {
    combined = Math.imul(combined ^ digest, 0x01000193) >>> 0;
    combined = (combined ^ (combined >>> 15)) >>> 0;
  }
  return combined;
}
