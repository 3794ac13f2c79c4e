import { type NodeId, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import {
  type DedupCache,
  type FrameIngest,
  type HotPath,
  INGEST_STRIDE,
  type RoutingTable,
  Verdict,
} from '../ports/hot-path.js';
import type { HeardFrame, LinkAddress } from '../ports/radio.js';
import { Freshness, type KnownNodes } from '../trust/known-nodes.js';
import { Reassembler } from '../wire/fragments.js';
import { dedupKeyOf, payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { FIXED_HEADER_BYTES, type Header, messageIdOfFrame, Offset, readHeader } from '../wire/header.js';
import type { Carrier } from './carrier.js';
import { HeldFrames } from './held-frames.js';
import { FRAME_BYTES_MAX, type Link, type Links } from './links.js';
import type { MeshContext } from './types.js';

/** Types below this go no further than the next node. */
export const FIRST_FAR_TYPE = 16;
const DEDUP_TTL_MS = 600_000;
/** Ids of frames from addresses without a link: few, since only beacons are acted on. */
const STRANGER_DEDUP = 256;

const REASONS: Readonly<Record<number, string>> = {
  [Verdict.Truncated]: 'frame.truncated',
  [Verdict.Oversized]: 'frame.oversized',
  [Verdict.Version]: 'frame.version',
  [Verdict.Malformed]: 'frame.malformed',
  [Verdict.Epoch]: 'frame.epoch',
  [Verdict.Tag]: 'frame.tag',
};

export interface ReceptionEvents {
  beacon(carrier: Carrier, from: LinkAddress, header: Header, frame: Uint8Array, now: Instant): void;
  /** A frame came over a link in use, whatever becomes of it. */
  alive(link: Link, now: Instant): void;
  acknowledge(link: Link, frame: Uint8Array, now: Instant): void;
  /** A frame that is to go further: flooded, or directed to another node. */
  pass(key: string, link: Link, header: Header, frame: Uint8Array, now: Instant): void;
  passedAgain(key: string, link: Link): void;
  /** A whole message, fresh, meant for us or for everybody. */
  message(link: Link, header: Header, payload: Uint8Array, now: Instant): void;
  /** Frames came from a boot nobody has vouched for: ask this neighbour. */
  unknownBoot(source: NodeId, link: Link, now: Instant): void;
}

interface Held {
  readonly linkId: number;
  readonly frame: Uint8Array;
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
  readonly #reassembler = new Reassembler();
  readonly #held = new HeldFrames<Held>();
  #slab = new Uint8Array(8 * 1_500);
  #offsets = new Uint32Array(17);
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

  heard(carrier: Carrier, frames: readonly HeardFrame[], now: Instant): void {
    const linked: { link: Link; bytes: Uint8Array }[] = [];
    const strange: (HeardFrame & { readonly linked: boolean })[] = [];
    for (const frame of frames) {
      const link = this.#links.find(carrier.index, frame.from);
      if (link?.phase === 'up' && mayUse(link, frame.bytes)) linked.push({ link, bytes: frame.bytes });
      else strange.push({ ...frame, linked: link?.phase === 'up' });
    }
    this.#run(this.#ingest, linked, now, (entry, verdict) => this.#linked(entry.link, entry.bytes, verdict, now));
    this.#run(this.#strangers, strange, now, (entry, verdict) => this.#strange(carrier, entry, verdict, now));
  }

  /** What was held of this node can be judged now. */
  learned(source: NodeId, now: Instant): void {
    for (const { linkId, frame } of this.#held.release(source)) {
      const link = this.#links.byId(linkId);
      if (link) this.#judge(link, readHeader(frame), frame, false, now);
    }
  }

  tick(now: Instant): void {
    this.#held.expire(now.mono);
    const dropped = this.#held.takeDropped();
    if (dropped > 0) this.#context.counters.refuse('frame.unknown-boot', dropped);
    this.#reassembler.expire(now.mono);
  }

  #run<Entry extends { readonly bytes: Uint8Array }>(
    ingest: FrameIngest,
    entries: readonly Entry[],
    now: Instant,
    each: (entry: Entry, verdict: number) => void,
  ): void {
    if (entries.length === 0) return;
    this.#load(entries);
    ingest.run(this.#slab, this.#offsets, entries.length, now.mono, this.#out);
    const verdicts = entries.map((_, i) => this.#out[i * INGEST_STRIDE] as number);
    entries.forEach((entry, i) => {
      each(entry, verdicts[i] as number);
    });
  }

  /** Lays the frames out in one slab, which grows to the largest batch and stays. */
  #load(entries: readonly { readonly bytes: Uint8Array }[]): void {
    let total = 0;
    for (const { bytes } of entries) total += bytes.length;
    if (total > this.#slab.length) this.#slab = new Uint8Array(total * 2);
    if (entries.length + 1 > this.#offsets.length) {
      this.#offsets = new Uint32Array(entries.length * 2 + 1);
      this.#out = new Int32Array(entries.length * 2 * INGEST_STRIDE);
    }
    let at = 0;
    entries.forEach(({ bytes }, i) => {
      this.#offsets[i] = at;
      this.#slab.set(bytes, at);
      at += bytes.length;
    });
    this.#offsets[entries.length] = at;
  }

  #strange(
    carrier: Carrier,
    { from, bytes, linked }: HeardFrame & { readonly linked: boolean },
    verdict: number,
    now: Instant,
  ): void {
    if (verdict === Verdict.Accept && bytes[Offset.Type] === FrameType.Beacon) {
      this.#context.counters.countReceived(FrameType.Beacon);
      this.#events.beacon(carrier, from, readHeader(bytes), bytes, now);
    } else if (verdict === Verdict.Accept) {
      this.#context.counters.refuse(linked ? 'frame.not-from-neighbour' : 'link.unknown');
    } else this.#refuse(verdict);
  }

  #linked(link: Link, frame: Uint8Array, verdict: number, now: Instant): void {
    if (verdict === Verdict.Accept) {
      this.#events.alive(link, now);
      const header = readHeader(frame);
      this.#context.counters.countReceived(header.type);
      if (wantsHopAck(header.type)) this.#events.acknowledge(link, frame, now);
      this.#judge(link, header, frame, true, now);
    } else if (verdict === Verdict.Duplicate) {
      const type = frame[Offset.Type] as number;
      if (wantsHopAck(type)) this.#events.acknowledge(link, frame, now);
      if (type >= FIRST_FAR_TYPE) this.#events.passedAgain(dedupKeyOf(frame), link);
    } else if (verdict === Verdict.Own) {
      // It went in a circle. The neighbour is to know that it arrived, or it will send it again and again.
      this.#events.acknowledge(link, frame, now);
      this.#events.passedAgain(dedupKeyOf(frame), link);
    } else this.#refuse(verdict);
  }

  #refuse(verdict: number): void {
    const reason = REASONS[verdict];
    if (reason) this.#context.counters.refuse(reason);
  }

  #judge(link: Link, header: Header, frame: Uint8Array, first: boolean, now: Instant): void {
    const local = header.type < FIRST_FAR_TYPE;
    const freshness = this.#known.freshness(header.source, header.saltHint, header.sequence);
    if (freshness === Freshness.Replayed) {
      this.#context.counters.refuse('frame.replayed');
      return;
    }
    if (!local && first) this.#events.pass(dedupKeyOf(frame), link, header, frame, now);
    if (freshness === Freshness.UnknownBoot) {
      const ask = this.#held.hold(header.source, { linkId: link.id, frame }, now.mono);
      if (ask) this.#events.unknownBoot(header.source, link, now);
      return;
    }
    if (header.destination !== undefined && header.destination !== this.#context.self.id) {
      if (!header.fragment) this.#known.accept(header.source, header.saltHint, header.sequence);
      return;
    }
    const payload = this.#whole(header, frame, now);
    if (!payload) return;
    this.#known.accept(header.source, header.saltHint, header.sequence);
    this.#events.message(link, header, payload, now);
  }

  #whole(header: Header, frame: Uint8Array, now: Instant): Uint8Array | undefined {
    if (!header.fragment) return payloadOf(frame);
    return this.#reassembler.add(messageIdOfFrame(frame), header.fragment, payloadOf(frame), now.mono);
  }
}

const wantsHopAck = (type: number): boolean =>
  type !== FrameType.Beacon && type !== FrameType.Heartbeat && type !== FrameType.HopAck;

/**
 * Whether a link's ingest may see this frame. Beacons speak for themselves, and what is link-local must come from the
 * link's own neighbour: else a forged one could take a place in the dedup cache that belongs to a genuine one.
 */
function mayUse(link: Link, frame: Uint8Array): boolean {
  const type = frame[Offset.Type];
  if (type === FrameType.Beacon) return false;
  if (type === undefined || type >= FIRST_FAR_TYPE || frame.length < FIXED_HEADER_BYTES) return true;
  return nodeIdOf(frame, Offset.Source) === link.peer;
}
