import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { LinkAddress } from '../ports/radio.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { buildFrame, payloadOf, tokenOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag, type Header, MAX_PAYLOAD_BYTES, Offset, readHeader } from '../wire/header.js';
import { useOf } from './air-load.js';
import { airtimeMs, type Carrier, isSlowAir, openAt } from './carrier.js';
import { framesFor } from './cut-frames.js';
import { type Flow, OWN_INGRESS } from './fair-queue.js';
import { Lane } from './lane.js';
import { linkTiming } from './link-timing.js';
import type { Link } from './links.js';
import { type OpenFrame, OpenQueue } from './open-queue.js';
import { type OwedAck, PassiveAcks } from './passive-acks.js';
import type { ShortFrames } from './short-frames.js';
import type { MeshContext, Outgoing } from './types.js';

/** Acknowledgements kept for a radio that has no room for them. */
const ACKS_OWED_MAX = 512;

const PRIORITIES = [Priority.Critical, Priority.High, Priority.Medium, Priority.Low] as const;

export interface EgressEvents {
  /** The next hop never acknowledged this frame, or its link is gone. */
  undelivered(link: Link, frame: Uint8Array, now: Instant): void;
  /** The next hop acknowledges nothing at the moment: true when this frame has gone another way. */
  divert(link: Link, frame: Uint8Array, now: Instant): boolean;
  /** The next hop does not answer: look whether it is still there. */
  suspect(link: Link, now: Instant): void;
  nextSequence(): number;
  /** The form in which a frame goes over this carrier, and the frame of a form. Default: as it is. */
  forms?(): Pick<ShortFrames, 'outgoing' | 'handedOver'>;
  /** Airtime of this carrier was used. */
  spent?(carrier: Carrier, now: Instant): void;
}

/** The lanes over one carrier: they share its transmitter. */
interface Shared {
  readonly carrier: Carrier;
  readonly lanes: Lane[];
  /** What goes to all in earshot. */
  readonly open: OpenQueue;
  /** Whose turn is first: equally urgent frames of several links take turns. */
  turn: number;
}

/**
 * What leaves over each link: four priorities, a bounded queue, fragments cut to the link, the carrier's own speed, and
 * per-hop acknowledgement with retransmission.
 */
export class Egress {
  readonly #context: MeshContext;
  readonly #events: EgressEvents;
  readonly #lanes = new Map<number, Lane>();
  readonly #shared = new Map<number, Shared>();
  /** Those with something to send, to hear of or to acknowledge: a step looks at no others. */
  readonly #busy = new Set<Lane>();
  readonly #passive = new PassiveAcks();

  constructor(context: MeshContext, events: EgressEvents) {
    this.#context = context;
    this.#events = events;
  }

  open(link: Link): void {
    if (this.#lanes.has(link.id)) return;
    const lane = new Lane(link);
    this.#lanes.set(link.id, lane);
    this.#sharedOver(link.carrier).lanes.push(lane);
  }

  /** Forgets the lane and hands back what it still carried, most urgent first. */
  close(link: Link): Uint8Array[] {
    const lane = this.#lanes.get(link.id);
    if (!lane) return [];
    this.#lanes.delete(link.id);
    this.#busy.delete(lane);
    const shared = this.#sharedBy(lane);
    shared.lanes.splice(shared.lanes.indexOf(lane), 1);
    if (shared.lanes.length === 0 && shared.open.size === 0) this.#shared.delete(link.carrier.index);
    return lane.leftovers();
  }

  /** What was to be said over this carrier is not. */
  carrierDown(carrier: Carrier): void {
    this.#shared.delete(carrier.index);
  }

  /** Sends to all in earshot of a shared carrier: one transmission, not acknowledged. */
  sendOpen(carrier: Carrier, open: OpenFrame, now: Instant): void {
    const shared = this.#sharedOver(carrier);
    this.#context.counters.hop.queueDropped += shared.open.offer(open);
    this.#pumpAll(shared, now);
  }

  /** Sends a message of this node over one link, in fragments where it must. False when the queue has no room. */
  sendMessage(link: Link, message: Outgoing, now: Instant): boolean {
    if (message.payload.length > MAX_PAYLOAD_BYTES) {
      this.#context.counters.refuse('message.oversized');
      return false;
    }
    const frames = framesFor(message, link.mtuBytes, this.#context.tagKey);
    return this.#sendFrames(link, frames, message.header, OWN_INGRESS, now);
  }

  /**
   * Sends a frame that is tagged already, cut again when it is too long for the link. `ingress`: number of the link it
   * came over, whose turn it waits for.
   */
  sendFrame(link: Link, frame: Uint8Array, now: Instant, ingress = OWN_INGRESS): boolean {
    const header = readHeader(frame);
    if (frame.length <= link.mtuBytes) return this.#sendFrames(link, [frame], header, ingress, now);
    const message = { header, payload: payloadOf(frame) };
    return this.#sendFrames(link, framesFor(message, link.mtuBytes, this.#context.tagKey), header, ingress, now);
  }

  /** How long a frame that is given to this link now waits before it leaves, as far as can be foreseen. */
  waitMs(link: Link, priority: Priority, now: Instant): number {
    const lane = this.#lanes.get(link.id);
    if (!lane) return 0;
    const { carrier } = link;
    const bytes = lane.queuedBytes(priority);
    if (bytes === 0) return 0;
    const ms = airtimeMs(carrier.traits, bytes);
    const opens = Math.max(carrier.pace.readyAt(), carrier.budget.opensAt(priority, ms));
    return Math.max(0, opens - now.mono) + ms;
  }

  /** Sends at once and once, without acknowledgement: heartbeats, acknowledgements. */
  sendUnacknowledged(link: Link, message: Outgoing, now: Instant): void {
    const { carrier } = link;
    const frame = this.#formOf(carrier, buildFrame(message.header, message.payload, this.#context.tagKey));
    if (carrier.budget.left(now.mono) < airtimeMs(carrier.traits, frame.length)) {
      this.#context.counters.refuse('airtime.exhausted');
      return;
    }
    carrier.pace.sent(frame.length, now.mono);
    this.#transmit(carrier, link.address, frame, message.header.priority, now);
  }

  /** Owes the other end an acknowledgement of a frame that came over this link. */
  acknowledge(link: Link, frame: Uint8Array, now: Instant): void {
    this.#passive.came(link, frame, now.mono);
    const lane = this.#lanes.get(link.id);
    if (!lane) return;
    this.#busy.add(lane);
    if (lane.acks.length < ACKS_OWED_MAX) lane.acks.push(tokenOf(frame));
    lane.ackDueAt ??= now.mono + linkTiming(link).ackDelayMs;
    if (lane.acks.length >= lane.acksMost && link.carrier.pace.fullUntil <= now.mono) this.#flushAcks(lane, now);
  }

  /** A frame that came over a link goes on as this copy: where the other end overhears that, it needs no acknowledgement. */
  passesOn(from: Link, frame: Uint8Array, next: Link, copy: Uint8Array, now: Instant): void {
    const lane = this.#lanes.get(from.id);
    if (lane) this.#inWords(this.#passive.passesOn(lane, frame, next, copy, now.mono), now);
  }

  /** A neighbour said something that was for another. */
  overheard(carrier: Carrier, transmitter: NodeId, frame: Uint8Array, now: Instant): void {
    for (const lane of this.#shared.get(carrier.index)?.lanes ?? []) {
      const token = lane.link.peer === transmitter ? lane.arq.overheard(frame, this.#context.tagKey) : undefined;
      if (token !== undefined) this.acknowledged(lane.link, [token], now, true);
    }
  }

  /** Over this link came what acknowledges a message from end to end: so the neighbour has it. */
  answered(link: Link, ack: Uint8Array, now: Instant): void {
    const token = this.#lanes.get(link.id)?.arq.answered(ack);
    if (token !== undefined) this.acknowledged(link, [token], now);
  }

  acknowledged(link: Link, tokens: readonly number[], now: Instant, isOverheard = false): void {
    const lane = this.#lanes.get(link.id);
    if (!lane) return;
    for (const token of tokens) lane.acknowledged(token, isOverheard, now.mono);
    this.#pump(this.#sharedBy(lane), lane, now);
  }

  /** The radio had no room for a frame: it is sent again once there may be some. */
  refused(carrier: Carrier, link: Link | undefined, form: Uint8Array, now: Instant): void {
    this.#context.counters.hop.refused++;
    carrier.pace.full(form.length, now.mono);
    const frame = this.#events.forms?.().handedOver(form) ?? form;
    if (this.#shared.get(carrier.index)?.open.returned(frame)) return;
    const lane = link && this.#lanes.get(link.id);
    if (!lane) return;
    this.#busy.add(lane);
    if (frame[Offset.Type] === FrameType.HopAck) {
      // Beyond the bound they are left to the other end, which sends its frames again.
      const { tokens = [] } = decode(Body.HopAckSchema, payloadOf(frame)) ?? {};
      lane.acks = [...tokens, ...lane.acks].slice(0, ACKS_OWED_MAX);
      lane.ackDueAt = carrier.pace.fullUntil;
    } else if (lane.arq.returned(frame)) lane.again(frame);
  }

  tick(now: Instant): void {
    this.#inWords(this.#passive.due(now.mono), now);
    const carriers = new Set<Shared>();
    for (const shared of this.#shared.values()) if (shared.open.size > 0) carriers.add(shared);
    if (this.#busy.size === 0 && carriers.size === 0) return;
    for (const lane of [...this.#busy]) {
      if (lane.ackDueAt !== undefined && lane.ackDueAt <= now.mono) this.#flushAcks(lane, now);
      this.#retransmit(lane, now);
      if (this.#lanes.has(lane.link.id)) carriers.add(this.#sharedBy(lane));
    }
    for (const shared of carriers) this.#pumpAll(shared, now);
    for (const lane of this.#busy) if (lane.isIdle) this.#busy.delete(lane);
  }

  nextDeadline(): number | undefined {
    let earliest = this.#passive.nextDeadline();
    for (const lane of this.#busy) {
      earliest = earlier(earliest, lane.ackDueAt);
      earliest = earlier(earliest, lane.arq.nextDeadline());
      if (!lane.hasWaiting) continue;
      for (const priority of PRIORITIES) {
        const frame = lane.next(priority);
        if (frame) earliest = earlier(earliest, lane.readyAt(priority, frame));
      }
    }
    for (const { carrier, open } of this.#shared.values()) {
      if (open.size === 0) continue;
      for (const priority of PRIORITIES)
        if (open.mayGo(priority)) earliest = earlier(earliest, openAt(carrier, priority));
    }
    return earliest;
  }

  queued(): { frames: number; inFlight: number; open: number } {
    let frames = 0;
    let inFlight = 0;
    for (const lane of this.#busy) {
      frames += lane.queuedFrames;
      inFlight += lane.arq.inFlight;
    }
    let open = 0;
    for (const shared of this.#shared.values()) open += shared.open.size;
    return { frames, inFlight, open };
  }

  #sendFrames(link: Link, frames: readonly Uint8Array[], header: Header, ingress: number, now: Instant): boolean {
    const lane = this.#lanes.get(link.id);
    if (!lane) return false;
    this.#busy.add(lane);
    if (header.type === FrameType.Ack && frames[0])
      this.#inWords(this.#passive.answers(lane, frames[0], now.mono), now);
    const flow: Flow = { ingress, origin: header.source };
    const { taken, dropped } = lane.offer(frames, header.priority, flow, now.mono);
    this.#context.counters.countDropped(dropped);
    if (taken) this.#pump(this.#sharedBy(lane), lane, now);
    return taken;
  }

  #sharedBy(lane: Lane): Shared {
    return this.#sharedOver(lane.link.carrier);
  }

  #sharedOver(carrier: Carrier): Shared {
    let shared = this.#shared.get(carrier.index);
    if (!shared) {
      shared = { carrier, lanes: [], open: new OpenQueue(), turn: 0 };
      this.#shared.set(carrier.index, shared);
    }
    return shared;
  }

  /** Room came up in one lane. On a paced carrier the others may be as urgent. */
  #pump(shared: Shared, lane: Lane, now: Instant): void {
    if (shared.carrier.pace.isPaced) this.#pumpAll(shared, now);
    else for (const priority of PRIORITIES) while (this.#sendOne(shared.carrier, lane, priority, now));
  }

  #pumpAll(shared: Shared, now: Instant): void {
    const { carrier, lanes, open } = shared;
    if (open.size === 0 && !lanes.some((lane) => lane.hasWaiting)) return;
    for (const priority of PRIORITIES) {
      while (open.mayGo(priority) && openAt(carrier, priority) <= now.mono)
        this.#sendToAll(carrier, priority, open.next(priority, now), now);
      // Ends when in one round no lane could send.
      for (let idle = 0; idle < lanes.length; ) {
        if (carrier.pace.readyAt() > now.mono) return;
        shared.turn = (shared.turn + 1) % lanes.length;
        idle = this.#sendOne(carrier, lanes[shared.turn] as Lane, priority, now) ? 0 : idle + 1;
      }
    }
  }

  #sendToAll(carrier: Carrier, priority: Priority, next: ReturnType<OpenQueue['next']>, now: Instant): void {
    if (!next) return;
    const { open } = next;
    const frame = this.#formOf(carrier, next.frame);
    const leftAt = carrier.pace.sent(frame.length, now.mono);
    carrier.load.used(airtimeMs(carrier.traits, frame.length), useOf(next.frame[Offset.Type] as number), now.mono);
    this.#transmit(carrier, undefined, frame, priority, now);
    open.left?.(leftAt);
  }

  #sendOne(carrier: Carrier, lane: Lane, priority: Priority, now: Instant): boolean {
    const next = lane.next(priority);
    if (!next || lane.readyAt(priority, next) > now.mono) return false;
    const form = this.#formOf(carrier, next);
    const { isFirst } = lane.take(priority, () => carrier.pace.sent(form.length, now.mono));
    const { traffic } = lane.link;
    this.#passive.left(tokenOf(next));
    if (isFirst) this.#context.counters.hop.sent++;
    else traffic.retransmitted++;
    traffic.framesOut++;
    traffic.bytesOut += form.length;
    this.#transmit(carrier, lane.link.address, form, priority, now);
    return true;
  }

  #retransmit(lane: Lane, now: Instant): void {
    const { again, failed, suspicious, stalled } = lane.arq.due(now.mono);
    for (const frame of again) {
      this.#context.counters.hop.retransmitted++;
      lane.again(frame);
    }
    for (const frame of failed) {
      this.#context.counters.hop.failed++;
      lane.link.traffic.failed++;
      this.#events.undelivered(lane.link, frame, now);
    }
    if (suspicious) this.#events.suspect(lane.link, now);
    if (stalled && !isSlowAir(lane.link.carrier)) this.#stalled(lane, now);
  }

  /** What is on its way over a link that acknowledges nothing takes another way; what has none stays. */
  #stalled(lane: Lane, now: Instant): void {
    const { link } = lane;
    if (!link.stalled) this.#events.suspect(link, now);
    link.stalled = true;
    for (const frame of lane.leftovers())
      if ((frame[Offset.Flags] as number) & Flag.Directed && this.#events.divert(link, frame, now)) {
        this.#context.counters.hop.diverted++;
        lane.drop(frame);
      }
  }

  /** What no relay acknowledges in time. */
  #inWords(owed: readonly OwedAck[], now: Instant): void {
    for (const { link, token } of owed) {
      const lane = this.#lanes.get(link.id);
      if (!lane) continue;
      lane.owesInWords(token, now.mono);
      this.#busy.add(lane);
    }
  }

  #flushAcks(lane: Lane, now: Instant): void {
    for (const tokens of lane.takeAcks(now.mono)) {
      this.#context.counters.countSent(FrameType.HopAck);
      const header = localHeader(this.#context, FrameType.HopAck, Priority.Critical, this.#events.nextSequence());
      const payload = encode(Body.HopAckSchema, { tokens });
      this.sendUnacknowledged(lane.link, { header, payload }, now);
    }
  }

  #formOf(carrier: Carrier, frame: Uint8Array): Uint8Array {
    return this.#events.forms?.().outgoing(carrier, frame) ?? frame;
  }

  #transmit(carrier: Carrier, to: LinkAddress | undefined, frame: Uint8Array, priority: Priority, now: Instant): void {
    const ms = airtimeMs(carrier.traits, frame.length);
    carrier.budget.spend(ms, now.mono);
    this.#events.spent?.(carrier, now);
    this.#context.counters.countBytes(carrier.index, frame.length);
    this.#context.counters.countAirtime(carrier.index, priority, ms);
    const { index: radio } = carrier;
    this.#context.emit(to === undefined ? { kind: 'transmit', radio, frame } : { kind: 'transmit', radio, to, frame });
  }
}

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
