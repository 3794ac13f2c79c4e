import type { MessageId, NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { dedupKeyOf, payloadOf, relayCopy } from '../wire/frame.js';
import { FrameType, type Priority } from '../wire/frame-types.js';
import { Offset, readHeader } from '../wire/header.js';
import type { AirView } from './air-policy.js';
import { type AirContent, type AirStart, type AirTurns, MEMORY_MS } from './air-turns.js';
import { airtimeMs, type Carrier, isSlowAir } from './carrier.js';
import { framesFor } from './cut-frames.js';
import { OVERHEARD_INGRESS } from './fair-queue.js';
import type { Arrival, MeshContext, Outgoing } from './types.js';

/** So long an alert is kept for neighbours that say that they lack it; all else until nobody repeats it any more. */
const ALERT_MEMORY_MS = 900_000;

/** A frame that spreads: ours, or the best copy heard so far. */
class FrameContent implements AirContent {
  readonly background = false;
  readonly own: boolean;
  readonly #context: MeshContext;
  readonly #view: AirView;
  #frame: Uint8Array;

  constructor(context: MeshContext, view: AirView, frame: Uint8Array, own: boolean) {
    this.#context = context;
    this.#view = view;
    this.own = own;
    this.#frame = own ? frame : nearer(frame, view);
  }

  get frame(): Uint8Array {
    return this.#frame;
  }

  /** Another copy: the better one counts. */
  heardAgain(frame: Uint8Array): void {
    if (this.own) return;
    const copy = nearer(frame, this.#view);
    if (ttlOf(copy) > ttlOf(this.#frame)) this.#frame = copy;
  }

  get ttl(): number {
    const ttl = ttlOf(this.frame);
    return this.own ? ttl + 1 : ttl;
  }

  get bytes(): number {
    return this.frame.length;
  }

  get memoryMs(): number {
    return (this.#frame[Offset.Type] as number) === FrameType.Alert ? ALERT_MEMORY_MS : MEMORY_MS;
  }

  build(tries: number): Uint8Array {
    if (!this.own && tries === 0) this.#context.counters.flood.relayed++;
    return this.own ? this.frame : relayCopy(this.frame, this.#context.tagKey);
  }

  suppressed(): void {
    this.#context.counters.flood.suppressed++;
  }
}

/** Flooding over slow air: one transmission for all in earshot, by as few nodes as reach everybody. */
export class AirFlood {
  readonly #context: MeshContext;
  readonly #turns: AirTurns;
  /** A frame with a good tag is from this node. */
  readonly #met: (source: NodeId, now: Instant) => void;

  constructor(context: MeshContext, turns: AirTurns, met: (source: NodeId, now: Instant) => void = () => {}) {
    this.#context = context;
    this.#turns = turns;
    this.#met = met;
  }

  /** A message of ours, over every slow air. `holders` have it by other ways. */
  originate(message: Outgoing, holders: Iterable<NodeId>, now: Instant): void {
    for (const carrier of this.#airs()) {
      for (const frame of framesFor(message, carrier.traits.mtuBytes, this.#context.tagKey))
        this.#begin(dedupKeyOf(frame), carrier, frame, { own: true, priority: message.header.priority, holders }, now);
    }
  }

  /** A frame that came for the first time, to be relayed over every slow air. */
  arrived(key: string, arrival: Arrival | undefined, frame: Uint8Array, holders: Iterable<NodeId>, now: Instant): void {
    const ingress = arrival?.from ?? OVERHEARD_INGRESS;
    if (arrival && isSlowAir(arrival.carrier)) this.#met(readHeader(frame).source, now);
    for (const carrier of this.#airs()) {
      if (ttlOf(nearer(frame, this.#turns.view(carrier))) === 0) continue;
      const priority = this.#relays(carrier, arrival, frame, now);
      if (priority === undefined) continue;
      const begin = (name: string, part: Uint8Array): void =>
        this.#begin(name, carrier, part, { own: false, priority, holders, ingress }, now);
      if (arrival?.carrier === carrier) {
        begin(key, frame);
        this.#turns.heard(key, carrier, arrival.from, frame[Offset.Ttl] as number, now);
      } else if (frame.length <= carrier.traits.mtuBytes) begin(key, frame);
      else {
        const message = { header: readHeader(frame), payload: payloadOf(frame) };
        for (const part of framesFor(message, carrier.traits.mtuBytes, this.#context.tagKey))
          begin(dedupKeyOf(part), part);
      }
    }
  }

  /** Another copy of a frame we have. */
  heardAgain(key: string, { carrier, from }: Arrival, frame: Uint8Array, now: Instant): void {
    if (!isSlowAir(carrier)) {
      if (from !== undefined) this.has(key, from);
      return;
    }
    const ttl = ttlOf(frame);
    const content = this.#turns.contentOf(key, carrier);
    if (content instanceof FrameContent) content.heardAgain(frame);
    this.#turns.heard(key, carrier, from, ttl, now);
  }

  /** A neighbour says that it lacks a message: it is said again, on that neighbour's account. False when it is not known here any more. */
  lacked(carrier: Carrier, id: MessageId, from: NodeId, now: Instant): boolean {
    const names = this.#turns.namesOf(id, carrier);
    for (const name of names) {
      const content = this.#turns.contentOf(name, carrier);
      if (!(content instanceof FrameContent)) continue;
      if (this.#relays(carrier, { carrier, link: undefined, from }, content.frame, now) === undefined) continue;
      this.#turns.lacks(name, carrier, from, now);
    }
    return names.length > 0;
  }

  /** The chance that a neighbour lacks a message. */
  lackOf(carrier: Carrier, id: MessageId, node: NodeId): number {
    const names = this.#turns.namesOf(id, carrier);
    return names.length === 0 ? 1 : Math.max(...names.map((name) => this.#turns.lackOf(name, carrier, node)));
  }

  /** A neighbour says that it has a message. */
  confirmed(carrier: Carrier, id: MessageId, from: NodeId): void {
    for (const name of this.#turns.namesOf(id, carrier)) this.#turns.confirmed(name, carrier, from);
  }

  /** A node that has it by another way. */
  has(key: string, node: NodeId): void {
    for (const carrier of this.#airs()) this.#turns.has(key, carrier, node);
  }

  *#airs(): Iterable<Carrier> {
    for (const carrier of this.#context.carriers.values()) if (carrier.up && isSlowAir(carrier)) yield carrier;
  }

  /** How urgent it is here; `undefined` when who transmitted it, or who said it, takes too much of this air. */
  #relays(carrier: Carrier, arrival: Arrival | undefined, frame: Uint8Array, now: Instant): Priority | undefined {
    const { source, priority } = readHeader(frame);
    const { load, shares, traits } = carrier;
    const ms = airtimeMs(traits, frame.length);
    const relayed = shares.relays(arrival?.from, source, priority, ms, load.busy(now.mono), now.mono);
    if (relayed === undefined) this.#context.counters.refuse('flood.limited');
    return relayed;
  }

  #begin(
    key: string,
    carrier: Carrier,
    frame: Uint8Array,
    { own, ...start }: Pick<AirStart, 'priority' | 'holders' | 'ingress'> & { readonly own: boolean },
    now: Instant,
  ): void {
    const { source } = readHeader(frame);
    const content = new FrameContent(this.#context, this.#turns.view(carrier), frame, own);
    this.#turns.begin(key, carrier, content, { source, ...start }, now);
  }
}

const ttlOf = (frame: Uint8Array): number => frame[Offset.Ttl] as number;

/**
 * The copy as it would have come the shortest way that this node knows of. How far a message goes is a matter of how far
 * its source is, not of what was lost and which detour it took.
 */
function nearer(frame: Uint8Array, view: AirView): Uint8Array {
  const detour = (frame[Offset.Hops] as number) + 1 - (view.distanceFrom(readHeader(frame).source) ?? 255);
  if (detour <= 0) return frame;
  const copy = frame.slice();
  copy[Offset.Hops] = (frame[Offset.Hops] as number) - detour;
  copy[Offset.Ttl] = Math.min(255, ttlOf(frame) + detour);
  return copy;
}
