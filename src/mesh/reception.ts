import type { MessageId, NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import {
  type DedupCache,
  type FrameIngest,
  type HotPath,
  INGEST_STRIDE,
  type RoutingTable,
  Verdict,
} from '../ports/hot-path.js';
import type { HeardBatch, LinkAddress } from '../ports/radio.js';
import { Freshness, type KnownNodes } from '../trust/known-nodes.js';
import { Body, decode } from '../wire/bodies.js';
import { Reassembler } from '../wire/fragments.js';
import { dedupKeyOf, payloadOf } from '../wire/frame.js';
import { FIRST_FAR_TYPE, FrameType, isForEars } from '../wire/frame-types.js';
import { Flag, type Header, messageIdOfFrame, Offset, overheadBytes, readHeader } from '../wire/header.js';
import { type Carrier, isSlowAir } from './carrier.js';
import { messageIdFor } from './delivery.js';
import { FrameSlab, type LaidBatch } from './frame-slab.js';
import {
  frameOf,
  freshnessOver,
  isDirected,
  loadOf,
  mayUse,
  shareOf,
  snrOf,
  typeOf,
  wantsHopAck,
} from './heard-frames.js';
import { HeldFrames } from './held-frames.js';
import { FRAME_BYTES_MAX, type Link, type Links } from './links.js';
import { REFUSALS } from './refusals.js';
import { PART_RANGES_MAX } from './repair.js';
import type { ReadFrame } from './short-frames.js';
import { ShortWay } from './short-way.js';
import { isUrgent } from './shouting.js';
import type { Arrival, MeshContext } from './types.js';

/** What lengthens the header or says that more is to come. */
const NOT_SHOUTED = Flag.Directed | Flag.Fragment | Flag.Signed | Flag.Transmitter;
const DEDUP_TTL_MS = 600_000;
/** Over slow air a beat takes its time. */
const HELD_ON_AIR_MS = 120_000;
/** Ids of frames from addresses without a link: few, since only beacons are acted on. */
const STRANGER_DEDUP = 256;

export type HeardInput =
  | { readonly kind: 'heard'; readonly frames: readonly ReadFrame[] }
  /** Read within the step only. */
  | { readonly kind: 'heard-batch'; readonly batch: HeardBatch };

export interface ReceptionEvents {
  beacon(carrier: Carrier, from: LinkAddress, header: Header, frame: Uint8Array, now: Instant): void;
  /** A link-local frame with a good tag, from an address without a link. */
  stranger(carrier: Carrier, from: LinkAddress, source: NodeId, now: Instant): void;
  /** Whom a node hears over slow air, as it says itself. */
  hearing(
    carrier: Carrier,
    from: LinkAddress,
    header: Header,
    frame: Uint8Array,
    snrDb: number | undefined,
    now: Instant,
  ): void;
  /** This node transmitted a frame that was heard over slow air. */
  noticed(carrier: Carrier, node: NodeId, snrDb: number | undefined, now: Instant): void;
  /** A frame that is no heartbeat came over a link in use, whatever becomes of it. */
  alive(link: Link, now: Instant): void;
  /** A neighbour said to everybody that it is there; false when that changes what is to be done next. */
  present(link: Link, now: Instant): boolean;
  acknowledge(link: Link, frame: Uint8Array, now: Instant): void;
  /** A frame that is to go further: flooded, or directed to another node. */
  pass(key: string, arrival: Arrival, header: Header, frame: Uint8Array, now: Instant): void;
  passedAgain(key: string, arrival: Arrival, frame: Uint8Array, now: Instant): void;
  /** A whole message, fresh, meant for us or for everybody; only over slow air without a link. */
  message(arrival: Arrival, header: Header, payload: Uint8Array, now: Instant): void;
  /** A fresh, urgent message for everybody, whole in one frame, that was heard without a link. */
  overheard(key: string, header: Header, frame: Uint8Array, payload: Uint8Array, now: Instant): void;
  /** Frames came from a boot nobody has vouched for: ask this neighbour. */
  unknownBoot(source: NodeId, arrival: Arrival, now: Instant): void;
}

interface Held {
  readonly arrival: Arrival;
  readonly frame: Uint8Array;
  readonly since: number;
}

/**
 * Everything between a radio and the machines: the frame's check in the hot path, freshness, holding what cannot be
 * judged yet, and putting fragments together. What fails is counted under its reason and goes nowhere.
 */
export class Reception {
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #known: KnownNodes;
  readonly #events: ReceptionEvents;
  readonly #dedup: DedupCache;
  readonly #ingest: FrameIngest;
  readonly #strangers: FrameIngest;
  /** Of what needs next to nothing. */
  readonly short: ShortWay;
  readonly #reassembler = new Reassembler();
  readonly #held = new HeldFrames<Held>();
  readonly #slab = new FrameSlab();
  #out = new Int32Array(16 * INGEST_STRIDE);

  constructor(
    context: MeshContext,
    hotPath: HotPath,
    routes: RoutingTable,
    links: Links,
    known: KnownNodes,
    dedupCapacity: number,
    events: ReceptionEvents,
  ) {
    this.#context = context;
    this.#links = links;
    this.#known = known;
    this.#events = events;
    const self = BigInt(`0x${context.self.id}`);
    this.#dedup = hotPath.dedup({ capacity: dedupCapacity, ttlMs: DEDUP_TTL_MS });
    this.#ingest = hotPath.ingest({ dedup: this.#dedup, routes, self, maxFrameBytes: FRAME_BYTES_MAX });
    const strangers = hotPath.dedup({ capacity: STRANGER_DEDUP, ttlMs: DEDUP_TTL_MS });
    this.#strangers = hotPath.ingest({ dedup: strangers, routes, self, maxFrameBytes: FRAME_BYTES_MAX });
    this.#ingest.setKey(0, context.tagKey);
    this.#strangers.setKey(0, context.tagKey);
    this.short = new ShortWay(context.counters, links, known, this.#ingest, (link, at) => events.present(link, at));
  }

  get heldFrames(): number {
    return this.#held.size;
  }

  get assemblies(): number {
    return this.#reassembler.size;
  }

  get dedupSize(): number {
    return this.#dedup.size;
  }

  heard(carrier: Carrier, input: HeardInput, now: Instant): void {
    if (input.kind !== 'heard') return this.#batch(carrier, input.batch, now);
    const { frames } = input;
    if (!frames.some(({ shouted }) => shouted)) return this.#batch(carrier, this.#slab.lay(frames), now);
    this.#overhear(
      frames.filter(({ shouted }) => shouted),
      now,
    );
    const linked = frames.filter(({ shouted }) => !shouted);
    if (linked.length > 0) this.#batch(carrier, this.#slab.lay(linked), now);
  }

  #overhear(shouted: readonly ReadFrame[], now: Instant): void {
    const frames = shouted.filter(({ bytes }) => this.#mayOverhear(bytes));
    if (frames.length === 0) return;
    this.#check(this.#ingest, this.#slab.lay(frames), 0, frames.length, now);
    const verdicts = frames.map((_, i) => this.#out[i * INGEST_STRIDE] as number);
    frames.forEach(({ bytes }, i) => {
      this.#overheard(bytes, verdicts[i] as number, now);
    });
  }

  /** Frames that are checked by the same ingest go there together: mostly that is the whole batch. */
  #batch(carrier: Carrier, batch: LaidBatch, now: Instant): void {
    const links = this.#linksOf(carrier, batch);
    const isAir = isSlowAir(carrier);
    // Over slow air whoever speaks is heard: a tag is all it takes to be passed on.
    const enters = (i: number): boolean => {
      const link = links[i];
      if (link?.phase === 'up') return mayUse(link, batch, i);
      if (!isAir) return false;
      const type = typeOf(batch, i);
      return type >= FIRST_FAR_TYPE || (link !== undefined && isForEars(type) && mayUse(link, batch, i));
    };
    for (let from = 0; from < batch.count; ) {
      const isLinked = enters(from);
      let to = from + 1;
      while (to < batch.count && enters(to) === isLinked) to++;
      this.#check(isLinked ? this.#ingest : this.#strangers, batch, from, to, now);
      for (let i = from; i < to; i++) {
        if (isAir) loadOf(carrier, batch, i, now);
        const verdict = this.#out[(i - from) * INGEST_STRIDE] as number;
        const link = links[i];
        if (link?.phase === 'up') {
          link.traffic.framesIn++;
          link.traffic.bytesIn += (batch.offsets[i + 1] as number) - (batch.offsets[i] as number);
        }
        if (isLinked && isAir) this.#onAir(carrier, link, batch, i, verdict, now);
        else if (isLinked) this.#linked(link as Link, batch, i, verdict, now);
        else this.#strange(carrier, batch, i, link !== undefined, verdict, now);
      }
      from = to;
    }
  }

  /** What was held of this node can be judged now. */
  learned(source: NodeId, now: Instant): void {
    for (const { arrival, frame, since } of this.#held.release(source)) {
      const { link } = arrival;
      if (!link || this.#links.byId(link.id) === link) this.#judge(arrival, readHeader(frame), frame, since, now);
    }
  }

  tick(now: Instant): void {
    const { counters } = this.#context;
    this.#held.expire(now.mono);
    const dropped = this.#held.takeDropped();
    if (dropped > 0) counters.refuse('frame.unknown-boot', dropped);
    this.#reassembler.expire(now.mono);
    const { givenUp, misfits } = this.#reassembler;
    if (givenUp > 0) counters.refuse('fragment.given-up', givenUp);
    if (misfits > 0) counters.refuse('fragment.misfit', misfits);
    Object.assign(this.#reassembler, { givenUp: 0, misfits: 0 });
  }

  /** What is missing of a message for this node: of one of which nothing came, all. Bounds of ranges. */
  missing(id: MessageId, total: number): number[] {
    return this.#reassembler.missing(id, total, PART_RANGES_MAX);
  }

  /** A piece, sent again, of a message under way. */
  part(arrival: Arrival, { source, saltHint }: Header, body: Uint8Array, now: Instant): void {
    const { counters } = this.#context;
    const part = decode(Body.PartSchema, body);
    if (!part) return counters.refuse('part.malformed');
    const { attempt, offset, total, bytes } = part;
    const id = messageIdFor(source, saltHint, attempt);
    const header = this.#reassembler.originOf(id)?.header;
    if (!header) return counters.refuse('part.unknown');
    const payload = this.#reassembler.add(id, { offset, total }, bytes, now.mono);
    if (!payload || this.#known.freshness(source, saltHint, attempt) === Freshness.Replayed) return;
    this.#known.accept(source, saltHint, attempt);
    this.#events.message(arrival, header, payload, now);
  }

  /** The link in use that each frame came over. */
  #linksOf(carrier: Carrier, { count, sources, addresses }: HeardBatch): readonly (Link | undefined)[] {
    const links: (Link | undefined)[] = [];
    let source = -1;
    let link: Link | undefined;
    for (let i = 0; i < count; i++) {
      if (sources[i] !== source) {
        source = sources[i] as number;
        link = this.#links.find(carrier.index, addresses[source] as LinkAddress);
        // Over slow air a neighbour's words count also before it is known whether it hears us.
        if (link?.phase !== 'up' && !(link?.peer !== undefined && isSlowAir(carrier))) link = undefined;
      }
      links.push(link);
    }
    return links;
  }

  #check(ingest: FrameIngest, { slab, offsets, count }: HeardBatch, from: number, to: number, now: Instant): void {
    if ((to - from) * INGEST_STRIDE > this.#out.length) this.#out = new Int32Array((to - from) * 2 * INGEST_STRIDE);
    const some = from === 0 && to === count ? offsets : offsets.subarray(from, to + 1);
    ingest.run(slab, some, to - from, now.mono, this.#out);
  }

  #strange(carrier: Carrier, batch: HeardBatch, i: number, linked: boolean, verdict: number, now: Instant): void {
    if (verdict !== Verdict.Accept) {
      if (verdict === Verdict.Tag) carrier.foreignAt = now.mono;
      return this.#refuse(verdict);
    }
    const from = batch.addresses[batch.sources[i] as number] as LinkAddress;
    if (typeOf(batch, i) === FrameType.Hearing && isSlowAir(carrier)) {
      this.#context.counters.countReceived(FrameType.Hearing);
      const frame = frameOf(batch, i);
      return this.#events.hearing(carrier, from, readHeader(frame), frame, snrOf(batch, i), now);
    }
    if (typeOf(batch, i) !== FrameType.Beacon) {
      // A heartbeat to everybody is also heard by those it is not for.
      if (linked) this.#context.counters.refuse('frame.not-from-neighbour');
      else if (typeOf(batch, i) !== FrameType.Heartbeat) this.#context.counters.refuse('link.unknown');
      if (linked || typeOf(batch, i) >= FIRST_FAR_TYPE) return;
      return this.#events.stranger(carrier, from, readHeader(frameOf(batch, i)).source, now);
    }
    this.#context.counters.countReceived(FrameType.Beacon);
    const frame = frameOf(batch, i);
    this.#events.beacon(carrier, from, readHeader(frame), frame, now);
  }

  /**
   * Whether a frame that anybody may have said is to be looked at: one that could not be acted on must take no place in
   * the dedup cache, for its copies over links can.
   */
  #mayOverhear(frame: Uint8Array): boolean {
    const { counters } = this.#context;
    const isPlain = frame.length >= overheadBytes(0) && ((frame[Offset.Flags] as number) & NOT_SHOUTED) === 0;
    if (!isPlain || !isUrgent(readHeader(frame))) {
      counters.refuse('shout.unfit');
      return false;
    }
    const { source, saltHint, sequence } = readHeader(frame);
    const freshness = this.#known.freshness(source, saltHint, sequence);
    if (freshness === Freshness.Fresh) return true;
    counters.refuse(freshness === Freshness.Replayed ? 'frame.replayed' : 'shout.unknown-boot');
    return false;
  }

  #overheard(frame: Uint8Array, verdict: number, now: Instant): void {
    if (verdict === Verdict.Duplicate || verdict === Verdict.Own) return;
    if (verdict !== Verdict.Accept) return this.#refuse(verdict);
    const header = readHeader(frame);
    this.#known.accept(header.source, header.saltHint, header.sequence);
    this.#context.counters.countReceived(header.type);
    this.#context.counters.flood.overheard++;
    this.#events.overheard(dedupKeyOf(frame), header, frame, payloadOf(frame), now);
  }

  /** Over slow air: what goes further needs no link, and is acknowledged by passing it on unless it is for one node. */
  #onAir(carrier: Carrier, link: Link | undefined, batch: LaidBatch, i: number, verdict: number, now: Instant): void {
    if (verdict !== Verdict.Accept && verdict !== Verdict.Duplicate && verdict !== Verdict.Own) {
      return this.#refuse(verdict);
    }
    const address = batch.addresses[batch.sources[i] as number] as LinkAddress;
    const from = batch.transmitters?.[i] ?? this.#links.find(carrier.index, address)?.peer;
    if (from !== undefined) this.#events.noticed(carrier, from, snrOf(batch, i), now);
    const type = typeOf(batch, i);
    shareOf(carrier, from, batch, i, now);
    const isFarForAll = type >= FIRST_FAR_TYPE && !isDirected(batch, i);
    const isForAll = isFarForAll || isForEars(type);
    if (link?.phase === 'up' && !isForAll) return this.#linked(link, batch, i, verdict, now);
    const frame = frameOf(batch, i);
    const up = link?.phase === 'up' ? link : undefined;
    const arrival = { carrier, link: up, from };
    if (verdict !== Verdict.Accept) {
      if (isFarForAll) this.#events.passedAgain(dedupKeyOf(frame), arrival, frame, now);
      return;
    }
    if (up) this.#events.alive(up, now);
    const header = readHeader(frame);
    this.#context.counters.countReceived(header.type);
    this.#judge(arrival, header, frame, undefined, now);
  }

  #linked(link: Link, batch: HeardBatch, i: number, verdict: number, now: Instant): void {
    const arrival = { carrier: link.carrier, link, from: link.peer };
    if (verdict === Verdict.Accept) {
      const frame = frameOf(batch, i);
      const header = readHeader(frame);
      // Heartbeats may have been for everybody: who reads them knows.
      if (header.type !== FrameType.Heartbeat) this.#events.alive(link, now);
      this.#context.counters.countReceived(header.type);
      if (wantsHopAck(header.type)) this.#events.acknowledge(link, frame, now);
      this.#judge(arrival, header, frame, undefined, now);
    } else if (verdict === Verdict.Duplicate) {
      const type = typeOf(batch, i);
      if (wantsHopAck(type)) this.#events.acknowledge(link, frameOf(batch, i), now);
      if (type < FIRST_FAR_TYPE) return;
      const frame = frameOf(batch, i);
      this.#events.passedAgain(dedupKeyOf(frame), arrival, frame, now);
    } else if (verdict === Verdict.Own) {
      // It went in a circle. The neighbour is to know that it arrived, or it will send it again and again.
      const frame = frameOf(batch, i);
      this.#events.acknowledge(link, frame, now);
      this.#events.passedAgain(dedupKeyOf(frame), arrival, frame, now);
    } else this.#refuse(verdict);
  }

  #refuse(verdict: number): void {
    const reason = REFUSALS[verdict];
    if (reason) this.#context.counters.refuse(reason);
  }

  #judge(arrival: Arrival, header: Header, frame: Uint8Array, heldSince: number | undefined, now: Instant): void {
    const local = header.type < FIRST_FAR_TYPE;
    const freshness = freshnessOver(arrival.carrier, this.#known, header);
    if (freshness === Freshness.Replayed) {
      this.#context.counters.refuse('frame.replayed');
      return;
    }
    if (!local && heldSince === undefined) this.#events.pass(dedupKeyOf(frame), arrival, header, frame, now);
    if (freshness === Freshness.UnknownBoot) {
      const since = heldSince ?? now.mono;
      const until = since + (isSlowAir(arrival.carrier) ? HELD_ON_AIR_MS : Limit.HeldMs);
      const ask = this.#held.hold(header.source, { arrival, frame, since }, now.mono, until);
      if (ask) this.#events.unknownBoot(header.source, arrival, now);
      return;
    }
    if (header.destination !== undefined && header.destination !== this.#context.self.id) {
      if (!header.fragment) this.#known.accept(header.source, header.saltHint, header.sequence);
      return;
    }
    const payload = this.#whole(arrival, header, frame, now);
    if (!payload) return;
    this.#known.accept(header.source, header.saltHint, header.sequence);
    this.#events.message(arrival, header, payload, now);
  }

  #whole({ carrier, link }: Arrival, header: Header, frame: Uint8Array, now: Instant): Uint8Array | undefined {
    if (!header.fragment) return payloadOf(frame);
    const origin = { ingress: link?.id ?? -2 - carrier.index, header, isSlow: isSlowAir(carrier) };
    return this.#reassembler.add(messageIdOfFrame(frame), header.fragment, payloadOf(frame), now.mono, origin);
  }
}
