import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { Body, encode } from '../wire/bodies.js';
import { splitPayload } from '../wire/fragments.js';
import { buildFrame, payloadOf, tokenOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import {
  effectiveFlags,
  FRAGMENT_BYTES,
  type Header,
  MAX_PAYLOAD_BYTES,
  overheadBytes,
  readHeader,
} from '../wire/header.js';
import { HopArq } from './hop-arq.js';
import type { Link } from './links.js';
import type { MeshContext, Outgoing } from './types.js';

/** Acknowledgements wait this long for company. */
const ACK_DELAY_MS = 5;
/** Tokens in one HopAck, fewer where the link is narrow; at the bound it goes at once. */
const ACK_TOKENS_MAX = 64;
const TOKEN_BYTES = 4;
/** Protobuf's tag and length before the tokens. */
const ACK_BODY_BYTES = 3;

const PRIORITIES = [Priority.Critical, Priority.High, Priority.Medium, Priority.Low] as const;

interface Lane {
  readonly link: Link;
  readonly queues: [Uint8Array[], Uint8Array[], Uint8Array[], Uint8Array[]];
  queuedFrames: number;
  queuedBytes: number;
  readonly arq: HopArq;
  acks: number[];
  ackDueAt: number | undefined;
}

export interface EgressEvents {
  /** The next hop never acknowledged this frame, or its link is gone. */
  undelivered(link: Link, frame: Uint8Array, now: Instant): void;
  /** The next hop does not answer: look whether it is still there. */
  suspect(link: Link, now: Instant): void;
  nextSequence(): number;
}

/**
 * What leaves over each link: four priorities, a bounded queue, fragments cut to the link, and per-hop
 * acknowledgement with retransmission.
 */
export class Egress {
  readonly #context: MeshContext;
  readonly #events: EgressEvents;
  readonly #lanes = new Map<number, Lane>();

  constructor(context: MeshContext, events: EgressEvents) {
    this.#context = context;
    this.#events = events;
  }

  open(link: Link): void {
    if (!this.#lanes.has(link.id)) {
      this.#lanes.set(link.id, {
        link,
        queues: [[], [], [], []],
        queuedFrames: 0,
        queuedBytes: 0,
        arq: new HopArq(link),
        acks: [],
        ackDueAt: undefined,
      });
    }
  }

  /** Forgets the lane and hands back what it still carried, most urgent first. */
  close(link: Link): Uint8Array[] {
    const lane = this.#lanes.get(link.id);
    if (!lane) return [];
    this.#lanes.delete(link.id);
    return [...lane.arq.unacknowledged(), ...lane.queues.flat()];
  }

  /** Sends a message of this node over one link, in fragments where it must. False when the queue has no room. */
  sendMessage(link: Link, message: Outgoing, now: Instant): boolean {
    if (message.payload.length > MAX_PAYLOAD_BYTES) {
      this.#context.counters.refuse('message.oversized');
      return false;
    }
    return this.#sendFrames(
      link,
      framesFor(message, link.mtuBytes, this.#context.tagKey),
      message.header.priority,
      now,
    );
  }

  /** Sends a frame that is tagged already, cut again when it is too long for the link. */
  sendFrame(link: Link, frame: Uint8Array, now: Instant): boolean {
    const header = readHeader(frame);
    if (frame.length <= link.mtuBytes) return this.#sendFrames(link, [frame], header.priority, now);
    const message = { header, payload: payloadOf(frame) };
    return this.#sendFrames(link, framesFor(message, link.mtuBytes, this.#context.tagKey), header.priority, now);
  }

  /** Sends at once and once, without acknowledgement: beacons, heartbeats, acknowledgements. */
  sendUnacknowledged(link: Link, message: Outgoing): void {
    const frame = buildFrame(message.header, message.payload, this.#context.tagKey);
    this.#transmit(link, frame);
  }

  /** Owes the other end an acknowledgement of a frame that came over this link. */
  acknowledge(link: Link, frame: Uint8Array, now: Instant): void {
    const lane = this.#lanes.get(link.id);
    if (!lane) return;
    lane.acks.push(tokenOf(frame));
    lane.ackDueAt ??= now.mono + ACK_DELAY_MS;
    if (lane.acks.length >= tokensPerAck(link)) this.#flushAcks(lane);
  }

  acknowledged(link: Link, tokens: readonly number[], now: Instant): void {
    const lane = this.#lanes.get(link.id);
    if (!lane) return;
    for (const token of tokens) lane.arq.acknowledged(token, now.mono);
    this.#pump(lane, now);
  }

  tick(now: Instant): void {
    for (const lane of this.#lanes.values()) {
      if (lane.ackDueAt !== undefined && lane.ackDueAt <= now.mono) this.#flushAcks(lane);
      this.#retransmit(lane, now);
      this.#pump(lane, now);
    }
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const lane of this.#lanes.values()) {
      earliest = earlier(earliest, lane.ackDueAt);
      earliest = earlier(earliest, lane.arq.nextDeadline());
    }
    return earliest;
  }

  queued(): { frames: number; inFlight: number } {
    let frames = 0;
    let inFlight = 0;
    for (const lane of this.#lanes.values()) {
      frames += lane.queuedFrames;
      inFlight += lane.arq.inFlight;
    }
    return { frames, inFlight };
  }

  #sendFrames(link: Link, frames: readonly Uint8Array[], priority: Priority, now: Instant): boolean {
    const lane = this.#lanes.get(link.id);
    if (!lane) return false;
    let bytes = 0;
    for (const frame of frames) bytes += frame.length;
    if (!this.#makeRoom(lane, frames.length, bytes, priority)) {
      this.#context.counters.hop.queueDropped += frames.length;
      return false;
    }
    for (const frame of frames) lane.queues[priority].push(frame);
    lane.queuedFrames += frames.length;
    lane.queuedBytes += bytes;
    this.#pump(lane, now);
    return true;
  }

  /** Drops the newest of the lowest priority until the new ones fit; never something at least as urgent. */
  #makeRoom(lane: Lane, frames: number, bytes: number, priority: Priority): boolean {
    if (frames > Limit.QueuedFramesPerLink || bytes > Limit.QueuedBytesPerLink) return false;
    for (let lowest = Priority.Low as number; lowest > priority; lowest--) {
      const queue = lane.queues[lowest as Priority];
      while (!fits(lane, frames, bytes) && queue.length > 0) {
        const dropped = queue.pop() as Uint8Array;
        lane.queuedFrames--;
        lane.queuedBytes -= dropped.length;
        this.#context.counters.hop.queueDropped++;
      }
    }
    return fits(lane, frames, bytes);
  }

  #pump(lane: Lane, now: Instant): void {
    for (const priority of PRIORITIES) {
      const queue = lane.queues[priority];
      let sent = 0;
      while (sent < queue.length && lane.arq.hasRoom(priority)) {
        const frame = queue[sent++] as Uint8Array;
        lane.queuedFrames--;
        lane.queuedBytes -= frame.length;
        lane.arq.sent(frame, now.mono);
        this.#context.counters.hop.sent++;
        this.#transmit(lane.link, frame);
      }
      if (sent > 0) queue.splice(0, sent);
    }
  }

  #retransmit(lane: Lane, now: Instant): void {
    const { again, failed, suspicious } = lane.arq.due(now.mono);
    for (const frame of again) {
      this.#context.counters.hop.retransmitted++;
      this.#transmit(lane.link, frame);
    }
    for (const frame of failed) {
      this.#context.counters.hop.failed++;
      this.#events.undelivered(lane.link, frame, now);
    }
    if (suspicious) this.#events.suspect(lane.link, now);
  }

  #flushAcks(lane: Lane): void {
    const tokens = lane.acks;
    lane.acks = [];
    lane.ackDueAt = undefined;
    this.#context.counters.countSent(FrameType.HopAck);
    this.sendUnacknowledged(lane.link, {
      header: localHeader(this.#context, FrameType.HopAck, Priority.Critical, this.#events.nextSequence()),
      payload: encode(Body.HopAckSchema, { tokens }),
    });
  }

  #transmit(link: Link, frame: Uint8Array): void {
    this.#context.counters.countBytes(link.carrier.index, frame.length);
    this.#context.emit({ kind: 'transmit', radio: link.carrier.index, to: link.address, frame });
  }
}

const tokensPerAck = (link: Link): number =>
  Math.max(1, Math.min(ACK_TOKENS_MAX, Math.floor((link.mtuBytes - overheadBytes(0) - ACK_BODY_BYTES) / TOKEN_BYTES)));

const fits = (lane: Lane, frames: number, bytes: number): boolean =>
  lane.queuedFrames + frames <= Limit.QueuedFramesPerLink && lane.queuedBytes + bytes <= Limit.QueuedBytesPerLink;

export const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

/** The header of a frame that goes no further than the next node. */
export const localHeader = (
  context: Pick<MeshContext, 'self'>,
  type: FrameType,
  priority: Priority,
  sequence: number,
  flags = 0,
): Header => ({
  version: 1,
  type,
  flags,
  priority,
  ttl: 0,
  hops: 0,
  epoch: 0,
  source: context.self.id,
  saltHint: ((context.self.boot.salt[0] as number) << 8) | (context.self.boot.salt[1] as number),
  sequence,
});

/** The frames of a message, or of a fragment of one, that fit a link. */
export function framesFor(message: Outgoing, mtuBytes: number, tagKey: Uint8Array): Uint8Array[] {
  const { header, payload } = message;
  const overhead = overheadBytes(effectiveFlags(header));
  if (overhead + payload.length <= mtuBytes) return [buildFrame(header, payload, tagKey)];
  const room = mtuBytes - overhead - (header.fragment ? 0 : FRAGMENT_BYTES);
  return splitPayload(payload, room, header.fragment).map((part) =>
    buildFrame({ ...header, fragment: part.fragment }, part.bytes, tagKey),
  );
}
