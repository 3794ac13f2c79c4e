import { fromHex, toHex } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { type Header, readHeader } from '../wire/header.js';
import { ArrivalRate } from './arrival-rate.js';
import type { Flooding } from './flooding.js';
import type { Link, Links } from './links.js';
import type { Routing } from './routing.js';
import type { Sending } from './sending.js';
import { encodeReply, readReply, stepOver, TOKEN_BYTES, TraceEnd, type TraceReport } from './trace-steps.js';
import type { MeshContext } from './types.js';

export interface TraceInput {
  /** 16 hex digits that nobody can guess. */
  readonly token: string;
  readonly to: NodeId;
  /** The neighbour to begin with, instead of the best. */
  readonly via?: NodeId;
}

export interface TraceParts {
  readonly context: MeshContext;
  readonly links: Links;
  readonly routing: Routing;
  readonly sending: Sending;
  readonly flooding: Flooding;
}

interface Asked {
  readonly until: number;
  /** Who said to be at a hop, and how often. */
  readonly said: Map<number, { readonly node: NodeId; times: number }>;
}

/** A probe of this node is answered so long after it went. */
const ASKED_MS = 120_000;
/** Of one node about one probe: that it goes on, and over what other ways when those fail. */
const REPORTS_PER_HOP = 4;

/**
 * The way a directed frame takes, found out by one: each node that passes a probe on says so to who asked, and over
 * what. Where it goes no further the last node says why. A probe is never flooded, so it has one answer for each hop.
 */
export class Trace {
  readonly #parts: TraceParts;
  readonly #asked = new Map<string, Asked>();
  /** By ingress link, which a sender cannot choose. */
  readonly #rate = new ArrivalRate(Limit.ProbesPerSecond, Limit.ProbeBurst);

  constructor(parts: TraceParts) {
    this.#parts = parts;
  }

  /** Sends a probe; what becomes of it comes as `trace` effects, the first of them about this node at once. */
  begin({ token, to, via }: TraceInput, now: Instant): void {
    const { context, links, routing, sending } = this.#parts;
    for (const [known, { until }] of this.#asked)
      if (until <= now.mono || this.#asked.size >= Limit.Traces) this.#asked.delete(known);
    this.#asked.set(token, { until: now.mono + ASKED_MS, said: new Map() });
    const link = via === undefined ? routing.nextLink(to, now) : links.best(via);
    const about = { hop: 0, node: context.self.id };
    if (!link) return context.emit({ kind: 'trace', token, report: { ...about, end: TraceEnd.NoWay } });
    const body = encode(Body.TraceProbeSchema, { token: fromHex(token) as Uint8Array });
    const taken = sending.over(link, to, FrameType.TraceProbe, body, Priority.Medium, now);
    const end = taken ? TraceEnd.GoesOn : TraceEnd.NotTaken;
    context.emit({ kind: 'trace', token, report: { ...about, next: stepOver(link), end } });
  }

  /** A probe that is to go further than this node. */
  pass(link: Link, header: Header, frame: Uint8Array, now: Instant): void {
    const { destination, source, ttl } = header;
    const token = this.#tokenOf(link, header, payloadOf(frame), now);
    if (!token || destination === undefined) return;
    const next = this.#parts.routing.nextLink(destination, now, { avoid: [link.peer, source] });
    const end = !next ? TraceEnd.NoWay : ttl === 0 ? TraceEnd.HopLimit : TraceEnd.GoesOn;
    this.#answer(token, header, link, next, end, now);
    if (next && end === TraceEnd.GoesOn) this.#parts.flooding.forward(link, next, frame, now);
  }

  /** A probe meant for this node. */
  arrived(link: Link, header: Header, payload: Uint8Array, now: Instant): void {
    if (header.destination !== this.#parts.context.self.id) return this.#refuse('trace.malformed');
    const token = this.#tokenOf(link, header, payload, now);
    if (token) this.#answer(token, header, link, undefined, TraceEnd.Arrived, now);
  }

  /** A probe, of this node or passed on by it, that the next hop did not take: over another way, or it ends here. */
  undelivered(link: Link, frame: Uint8Array, now: Instant): void {
    const { context, routing, sending } = this.#parts;
    const header = readHeader(frame);
    const probe = decode(Body.TraceProbeSchema, payloadOf(frame));
    const { destination, source, hops } = header;
    if (probe?.token.length !== TOKEN_BYTES || destination === undefined) return;
    const other = routing.nextLink(destination, now, { without: link, avoid: [source] });
    const went = other !== undefined && sending.again(other, frame, now);
    const end = went ? TraceEnd.GoesOn : TraceEnd.NotTaken;
    const report = { hop: hops, node: context.self.id, next: stepOver(went ? other : link), end };
    if (source === context.self.id) context.emit({ kind: 'trace', token: toHex(probe.token), report });
    else sending.direct(source, FrameType.TraceReply, encodeReply(probe.token, report), Priority.Medium, now);
  }

  /** What a node says of a probe of ours. */
  replied({ destination, source }: Header, payload: Uint8Array, now: Instant): void {
    const { context } = this.#parts;
    const reply = destination === context.self.id ? readReply(source, payload) : undefined;
    if (!reply) return this.#refuse('trace.malformed');
    const { token, report } = reply;
    const asked = this.#asked.get(token);
    if (!asked || asked.until <= now.mono) return this.#refuse('trace.unknown');
    const before = asked.said.get(report.hop);
    // One node at each hop, whoever else says to be there.
    if (before && (before.node !== source || before.times >= REPORTS_PER_HOP)) return this.#refuse('trace.unknown');
    if (before) before.times++;
    else asked.said.set(report.hop, { node: source, times: 1 });
    context.emit({ kind: 'trace', token, report });
  }

  #tokenOf(link: Link, header: Header, payload: Uint8Array, now: Instant): Uint8Array | undefined {
    const probe =
      header.destination === undefined || header.fragment ? undefined : decode(Body.TraceProbeSchema, payload);
    if (probe?.token.length !== TOKEN_BYTES) this.#refuse('trace.malformed');
    else if (!this.#rate.take(link, now.mono)) this.#refuse('trace.limited');
    else return probe.token;
    return undefined;
  }

  #answer(
    token: Uint8Array,
    { source, hops }: Header,
    link: Link,
    next: Link | undefined,
    end: TraceEnd,
    now: Instant,
  ): void {
    const { context, routing, sending } = this.#parts;
    const back = routing.nextLink(source, now);
    const report: TraceReport = {
      hop: hops + 1,
      node: context.self.id,
      came: stepOver(link),
      ...(next && { next: stepOver(next) }),
      ...(back && back !== link && { back: stepOver(back) }),
      end,
    };
    sending.direct(source, FrameType.TraceReply, encodeReply(token, report), Priority.Medium, now);
  }

  #refuse(reason: string): void {
    this.#parts.context.counters.refuse(reason);
  }
}
