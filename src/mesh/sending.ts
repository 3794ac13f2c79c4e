import { readU32 } from '../core/bytes.js';
import type { MessageId, NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { saltHintOf } from '../trust/identity.js';
import { immutablePart, payloadOf } from '../wire/frame.js';
import { FIRST_FAR_TYPE, FrameType, type Priority } from '../wire/frame-types.js';
import { Flag, type Header, overheadBytes, readHeader } from '../wire/header.js';
import type { AlertSpread } from './alert-spread.js';
import type { Beats } from './beats.js';
import type { Custody } from './custody.js';
import { ATTEMPT_BYTES, type Delivery, type DirectedMessage, messageIdFor } from './delivery.js';
import { LINK_MTU_MIN } from './discovery.js';
import { type Egress, localHeader } from './egress.js';
import type { Flooding } from './flooding.js';
import { COST_UNIT_MS, type Link, type Links, REFERENCE_FRAME_BYTES } from './links.js';
import { partRoom, partsOf } from './repair.js';
import type { Routing } from './routing.js';
import type { Asker, MeshContext, Trail } from './types.js';

/** What is said unasked, so that all agree in the end. */
const BACKGROUND: ReadonlySet<FrameType> = new Set([
  FrameType.Drip,
  FrameType.DripHashes,
  FrameType.DripRequest,
  FrameType.Fingerprints,
]);
/** Messages of users, whose stories are told. */
const HAS_STORY: ReadonlySet<FrameType> = new Set([FrameType.Message, FrameType.Query]);
/** A message that waits at least so long for its radio has that in its story. */
const QUEUED_TOLD_MS = 1_000;
/** From this attempt on a directed message goes over every link instead of the best. */
const FLOOD_FROM_ATTEMPT = 3;
/** So much at most is flooded for one node of another segment; above it who relays it goes by its routes, as ever. */
const SPREAD_BYTES_MAX = 4_096;

export interface FloodInput {
  /** From `reserve`. */
  readonly sequence: number;
  readonly type: FrameType;
  readonly body: Uint8Array;
  readonly priority: Priority;
  /** Relays it may see; default `DEFAULT_TTL`. */
  readonly ttl?: number;
}

export interface SendInput extends FloodInput {
  readonly to: NodeId;
  readonly ack: boolean;
  readonly timeoutMs: number;
  /** With `ack`: kept, here and by neighbours, until it is delivered or its time is over. */
  readonly keep?: boolean;
}

/** Originates frames of this node: link-local, flooded, directed; and finds another way for what a hop did not take. */
export class Sending {
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #routing: Routing;
  readonly #egress: Egress;
  readonly #beats: Beats;
  readonly #delivery: Delivery;
  readonly #custody: Custody;
  readonly #flooding: Flooding;
  readonly #alerts: AlertSpread;
  readonly #nextSequence: () => number;
  readonly #ttl: () => number;
  readonly #isSplit: () => boolean;

  constructor(machines: {
    context: MeshContext;
    links: Links;
    routing: Routing;
    egress: Egress;
    beats: Beats;
    delivery: Delivery;
    custody: Custody;
    flooding: Flooding;
    alerts: AlertSpread;
    nextSequence: () => number;
    /** Hops that a message may go. */
    ttl: () => number;
    /** Whether the mesh is one of segments. */
    isSplit: () => boolean;
  }) {
    this.#context = machines.context;
    this.#links = machines.links;
    this.#routing = machines.routing;
    this.#egress = machines.egress;
    this.#beats = machines.beats;
    this.#delivery = machines.delivery;
    this.#custody = machines.custody;
    this.#flooding = machines.flooding;
    this.#alerts = machines.alerts;
    this.#nextSequence = machines.nextSequence;
    this.#ttl = machines.ttl;
    this.#isSplit = machines.isSplit;
  }

  idOf(sequence: number): MessageId {
    const { self } = this.#context;
    return messageIdFor(self.id, saltHintOf(self.boot.salt), sequence);
  }

  local(peer: NodeId, type: FrameType, body: Uint8Array, priority: Priority, now: Instant): void {
    const link = this.#links.best(peer);
    if (!link) return;
    const header = localHeader(this.#context, type, priority, this.#nextSequence());
    this.#context.counters.countSent(type);
    if (BACKGROUND.has(type)) link.carrier.background.spend(body.length + overheadBytes(0), now.mono);
    this.#egress.sendMessage(link, { header, payload: body }, now);
  }

  /** How long an answer over the best path takes, in ms, when nothing else is on its way. */
  roundTripMs(to: NodeId, bytes: number): number {
    const cost = this.#routing.path(to)?.cost ?? this.#routing.beyondCost(to) ?? 0;
    return cost * COST_UNIT_MS * (2 + bytes / REFERENCE_FRAME_BYTES);
  }

  flood(input: FloodInput, now: Instant): void {
    const far = this.#farHeader(input.type, input.priority, input.sequence);
    const header = input.ttl === undefined ? far : { ...far, ttl: Math.min(255, Math.max(0, input.ttl)) };
    this.#context.counters.flood.originated++;
    this.#originated(header, input.body, now);
    if (input.type === FrameType.Alert) this.#alerts.flooded({ ...header, body: input.body }, now);
    this.#flooding.originate(header, input.body, `${this.idOf(input.sequence)}0000`, now);
  }

  /** What was heard without a link goes on like what came over one. */
  passOn(key: string, frame: Uint8Array, now: Instant): void {
    this.#flooding.relay(key, undefined, frame, now);
  }

  send(input: SendInput, now: Instant): void {
    const id = this.idOf(input.sequence);
    const message = { ...input, id };
    if (!input.ack) return this.#once(message, now);
    const custody = input.keep ? this.#custody.accept(message, now) : undefined;
    if (custody === 'wait') return this.#waits(message);
    if (custody === 'refused') this.#context.emit({ kind: 'outcome', id, outcome: 'refused', code: 'message.busy' });
    else if (!this.#delivery.send(message, now)) {
      if (custody === 'try') {
        this.#waits(message);
        return this.#custody.park(id, now);
      }
      this.#context.emit({ kind: 'outcome', id, outcome: 'refused', code: 'message.busy' });
    }
  }

  /** Nobody acknowledges it, and nothing of it is kept: it goes now, or not at all. */
  #once(message: DirectedMessage, now: Instant): void {
    const { id, to, type, priority, sequence, body } = message;
    const links = this.#try(this.#farHeader(type, priority, sequence, to), message, body, 1, now);
    if (links > 0) this.#trailOf(message)({ what: 'let-go' });
    else if (HAS_STORY.has(type))
      this.#context.emit({ kind: 'outcome', id, outcome: 'refused', code: 'message.not-sent' });
  }

  /** What is kept and not tried waits from the beginning, where no path leads there. */
  #waits(message: DirectedMessage): void {
    if (!this.#routing.reaches(message.to)) this.#trailOf(message)({ what: 'parked', node: message.to });
  }

  /** A directed frame of the engine's own making. */
  direct(to: NodeId, type: FrameType, body: Uint8Array, priority: Priority, now: Instant): void {
    this.#toward(to, this.#farHeader(type, priority, this.#nextSequence(), to), body, now);
  }

  /** The same as the answer to a frame: what was flooded for this node is answered so. */
  reply({ source, flags }: Asker, type: FrameType, body: Uint8Array, priority: Priority, now: Instant): void {
    if (!(flags & Flag.Spread)) return this.direct(source, type, body, priority, now);
    const header = this.#farHeader(type, priority, this.#nextSequence(), source, Flag.Spread);
    this.#originated(header, body, now);
    this.#overAllLinks(header, body, now);
  }

  /** The same over a link of the caller's choice; false when that has no room for it. */
  over(link: Link, to: NodeId, type: FrameType, body: Uint8Array, priority: Priority, now: Instant): boolean {
    const header = this.#farHeader(type, priority, this.#nextSequence(), to);
    this.#originated(header, body, now);
    return this.#egress.sendMessage(link, { header, payload: body }, now);
  }

  /** A frame as it is, over another link than before. */
  again(link: Link, frame: Uint8Array, now: Instant): boolean {
    return this.#egress.sendFrame(link, frame, now);
  }

  /** One attempt at a message that wants an end-to-end acknowledgement. */
  attempt(message: DirectedMessage, payload: Uint8Array, attempt: number, now: Instant): number {
    const sequence = attempt === 1 ? message.sequence : this.#nextSequence();
    const flags = Flag.AckWanted | this.#spreads(message.to, payload, attempt);
    const header = this.#farHeader(message.type, message.priority, sequence, message.to, flags);
    this.#try(header, message, payload, attempt, now);
    return sequence;
  }

  /** Asks for what is missing of such a message. */
  ask(message: DirectedMessage, body: Uint8Array, attempt: number, now: Instant): void {
    const { to, priority } = message;
    const flags = this.#spreads(to, body, attempt);
    this.#try(
      this.#farHeader(FrameType.PartsAsk, priority, this.#nextSequence(), to, flags),
      message,
      body,
      attempt,
      now,
    );
  }

  /**
   * Which segment a node is in is old news at times, and those who route by it would lead a frame back to where the node was: what did
   * not arrive there is flooded to the end.
   */
  #spreads(to: NodeId, payload: Uint8Array, attempt: number): number {
    const isLast = attempt >= FLOOD_FROM_ATTEMPT && payload.length <= SPREAD_BYTES_MAX;
    return isLast && this.#isSplit() && !this.#routing.path(to) ? Flag.Spread : 0;
  }

  /** Sends ranges of such a message again, in pieces that the first link takes whole. */
  parts(
    { to, priority }: DirectedMessage,
    payload: Uint8Array,
    attempt: number,
    bounds: readonly number[],
    now: Instant,
  ): void {
    const mtuBytes = this.#routing.nextLink(to, now)?.mtuBytes ?? LINK_MTU_MIN;
    for (const body of partsOf(payload, attempt, bounds, partRoom(mtuBytes, Flag.Directed)))
      this.direct(to, FrameType.Part, body, priority, now);
  }

  /** Tells the story of a user's message, and no other. */
  #trailOf({ id, type }: Pick<DirectedMessage, 'id' | 'type'>): (trail: Omit<Trail, 'id'>) => void {
    if (!HAS_STORY.has(type)) return () => {};
    return (trail) => this.#context.emit({ kind: 'trail', id, ...trail });
  }

  /** A directed frame over another way than a link that does not answer; false when there is none. */
  divert(link: Link, frame: Uint8Array, now: Instant): boolean {
    const header = readHeader(frame);
    const { destination, source } = header;
    if (destination === undefined) return false;
    const other = this.#routing.nextLink(destination, now, { without: link, avoid: [source] });
    if (!other || other.stalled || !this.#egress.sendFrame(other, frame, now)) return false;
    this.#notTaken(link, header, frame);
    return true;
  }

  #notTaken(link: Link, header: Header, frame: Uint8Array): void {
    const id = this.#ownIdOf(header, frame);
    if (id !== undefined)
      this.#trailOf({ id, type: header.type as FrameType })({ what: 'not-taken', ...overLink(link) });
  }

  /** A frame the next hop did not take: another way if there is one, every way if there is none known. */
  reroute(link: Link, frame: Uint8Array, now: Instant): void {
    const header = readHeader(frame);
    if (header.type < FIRST_FAR_TYPE || header.destination === undefined) return;
    this.#notTaken(link, header, frame);
    const other = this.#routing.nextLink(header.destination, now, { without: link, avoid: [header.source] });
    if (other) {
      this.#egress.sendFrame(other, frame, now);
      return;
    }
    for (const node of this.#links.active()) {
      const each = this.#links.best(node);
      if (each && each !== link && node !== header.source) this.#egress.sendFrame(each, frame, now);
    }
  }

  /** Answers over how many links it went. */
  #try(header: Header, message: DirectedMessage, payload: Uint8Array, attempt: number, now: Instant): number {
    this.#originated(header, payload, now);
    const link = attempt < FLOOD_FROM_ATTEMPT ? this.#routing.nextLink(message.to, now) : undefined;
    const trail = this.#trailOf(message);
    if (!link) {
      const links = this.#overAllLinks(header, payload, now);
      if (links > 0) trail({ what: 'spread', links });
      return links;
    }
    trail({ what: 'tried', ...overLink(link), way: this.#routing.wayKind(message.to, link) });
    const isTaken = this.#egress.sendMessage(link, { header, payload }, now);
    const ms = this.#egress.waitMs(link, header.priority, now);
    if (!isTaken) trail({ what: 'dropped', ...overLink(link) });
    else if (ms >= QUEUED_TOLD_MS) trail({ what: 'queued', ...overLink(link), ms });
    return isTaken ? 1 : 0;
  }

  /** Under which its sender knows a message of this node, from the first frame of any attempt. */
  #ownIdOf({ source, flags, fragment }: Header, frame: Uint8Array): MessageId | undefined {
    const isFirst = source === this.#context.self.id && (flags & Flag.AckWanted) !== 0 && !fragment?.offset;
    const payload = isFirst ? payloadOf(frame) : undefined;
    return payload && payload.length >= ATTEMPT_BYTES ? this.idOf(readU32(payload, 0)) : undefined;
  }

  #farHeader(type: FrameType, priority: Priority, sequence: number, to?: NodeId, flags = 0): Header {
    const base = localHeader(this.#context, type, priority, sequence, flags);
    return { ...base, ttl: this.#ttl(), ...(to !== undefined && { destination: to }) };
  }

  #originated(header: Header, payload: Uint8Array, now: Instant): void {
    this.#beats.originated(header.sequence, immutablePart(header, payload), now);
    this.#context.counters.countSent(header.type);
  }

  #toward(to: NodeId, header: Header, payload: Uint8Array, now: Instant): void {
    this.#originated(header, payload, now);
    const link = this.#routing.nextLink(to, now);
    if (link) this.#egress.sendMessage(link, { header, payload }, now);
    else this.#overAllLinks(header, payload, now);
  }

  /** Answers over how many. */
  #overAllLinks(header: Header, payload: Uint8Array, now: Instant): number {
    let links = 0;
    for (const node of this.#links.active()) {
      const link = this.#links.best(node);
      if (link && this.#egress.sendMessage(link, { header, payload }, now)) links++;
    }
    return links;
  }
}

const overLink = ({ peer, carrier }: Link): Pick<Trail, 'node' | 'radio'> => ({
  ...(peer !== undefined && { node: peer }),
  radio: carrier.index,
});
