import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { Body, decode } from '../wire/bodies.js';
import { FIRST_FAR_TYPE, FrameType, isForEars, Priority } from '../wire/frame-types.js';
import { Flag, type Header } from '../wire/header.js';
import type { AlertSpread } from './alert-spread.js';
import type { Beats } from './beats.js';
import { isSlowAir } from './carrier.js';
import type { Custody } from './custody.js';
import { type Delivery, messageIdFor } from './delivery.js';
import type { Drip } from './drip.js';
import type { Egress } from './egress.js';
import type { Fabric } from './fabric.js';
import type { Link } from './links.js';
import type { Liveness } from './liveness.js';
import type { Peers } from './peers.js';
import { answerProof } from './proofs.js';
import type { Reception } from './reception.js';
import type { Sending } from './sending.js';
import type { SharedAir } from './shared-air.js';
import type { Trace } from './trace.js';
import type { Arrival, MeshContext } from './types.js';

export interface DispatchMachines {
  readonly context: MeshContext;
  readonly egress: Egress;
  readonly liveness: Liveness;
  readonly drip: Drip;
  readonly air: SharedAir;
  readonly beats: Beats;
  readonly delivery: Delivery;
  readonly custody: Custody;
  readonly sending: Sending;
  readonly peers: Peers;
  readonly fabric: Fabric;
  readonly alerts: AlertSpread;
  readonly reception: Reception;
  readonly trace: Trace;
}

/** Hands each whole, fresh message to the machine its type belongs to; what is the user's leaves the engine. */
export class Dispatch {
  readonly #machines: DispatchMachines;

  constructor(machines: DispatchMachines) {
    this.#machines = machines;
  }

  message(arrival: Arrival, header: Header, payload: Uint8Array, now: Instant): void {
    const { liveness, drip, air, peers, fabric } = this.#machines;
    const { carrier, link, from } = arrival;
    if (from !== undefined) {
      peers.heardOf(from, now);
      const isAirs = isForEars(header.type) && header.type !== FrameType.Drip;
      if (isAirs && isSlowAir(carrier)) return air.said(header.type, arrival, payload, now);
      if (header.type === FrameType.Drip || header.type === FrameType.DripHashes)
        return drip.received(from, header.type, payload, now);
    }
    if (!link) return this.#beyond({ carrier, link, from }, header, payload, now);
    const peer = link.peer as NodeId;
    switch (header.type) {
      case FrameType.HopAck:
        return this.#hopAck(link, payload, now);
      case FrameType.Heartbeat:
        return liveness.heard(link, header, payload, now);
      case FrameType.Suspicion:
        return liveness.told(link, payload, now);
      case FrameType.DripRequest:
        return drip.received(peer, header.type, payload, now);
      case FrameType.Records:
      case FrameType.Have:
      case FrameType.Want:
      case FrameType.Fingerprints:
        return fabric.step({ kind: 'received', peer, type: header.type, body: payload }, now);
      default:
        return this.#beyond({ carrier, link, from }, header, payload, now);
    }
  }

  /** What may come from beyond the neighbours: over a link, or heard over a carrier without one. */
  #beyond(arrival: Arrival, header: Header, payload: Uint8Array, now: Instant): void {
    const { delivery, trace } = this.#machines;
    const { carrier, link, from } = arrival;
    const way = link ?? carrier;
    const back = from === undefined ? undefined : { hops: header.hops + 1, via: from };
    switch (header.type) {
      case FrameType.Ack:
        return delivery.acknowledged(header.source, payload, now, back);
      case FrameType.Parcel:
        this.#machines.peers.heardOf(header.source, now);
        return this.#machines.custody.parcel(way, header, payload, now);
      case FrameType.Offer:
      case FrameType.ChunkRequest:
      case FrameType.Chunk:
        this.#machines.peers.heardOf(header.source, now);
        return this.#machines.custody.transfer(header, payload, now);
      case FrameType.TraceProbe:
        return link && trace.arrived(link, header, payload, now);
      case FrameType.TraceReply:
        return trace.replied(header, payload, now);
      case FrameType.Receipt:
        return this.#receipt(header, payload, now);
      case FrameType.PartsAsk:
        return delivery.asked(header, payload, now);
      case FrameType.PartsMissing:
        return delivery.missing(header.source, payload, now);
      case FrameType.Part:
        return this.#machines.reception.part(arrival, header, payload, now);
      case FrameType.ProofRequest:
        return this.#prove(header.source, payload, now);
      default:
        return this.#deliver(header, payload, now);
    }
  }

  /** What was heard without a link: for everybody, so ours, too. */
  overheard(key: string, header: Header, frame: Uint8Array, payload: Uint8Array, now: Instant): void {
    this.#machines.sending.passOn(key, frame, now);
    this.#deliver(header, payload, now);
  }

  #deliver(header: Header, payload: Uint8Array, now: Instant): void {
    const { context, delivery, peers, alerts } = this.#machines;
    if (header.type < FIRST_FAR_TYPE) {
      context.counters.refuse('frame.type');
      return;
    }
    peers.heardOf(header.source, now);
    const whole = header.flags & Flag.AckWanted ? delivery.received(header, payload, now) : undefined;
    if (header.flags & Flag.AckWanted && !whole) return;
    const { type, source, priority, hops, saltHint, sequence } = header;
    if (type === FrameType.Alert && header.destination === undefined) {
      const body = payload.slice();
      if (!alerts.flooded({ source, saltHint, sequence, priority, body }, now)) return;
    }
    context.emit({
      kind: 'deliver',
      message: {
        id: whole?.id ?? messageIdFor(source, saltHint, sequence),
        type,
        source,
        ...(header.destination !== undefined && { destination: header.destination }),
        priority,
        // Hops as people count them: one for a neighbour.
        hops: hops + 1,
        body: whole?.body ?? payload.slice(),
        at: now,
      },
    });
  }

  #receipt(header: Header, payload: Uint8Array, now: Instant): void {
    const { context, delivery, custody } = this.#machines;
    if (!(header.flags & Flag.AckWanted)) return context.counters.refuse('receipt.malformed');
    const whole = delivery.received(header, payload, now);
    if (whole) custody.receipt(header.source, whole.body, now);
  }

  #prove(to: NodeId, request: Uint8Array, now: Instant): void {
    const { beats, sending } = this.#machines;
    beats.asked(now);
    sending.direct(to, FrameType.Proof, answerProof(beats.commitments, request), Priority.Low, now);
  }

  #hopAck(link: Link, payload: Uint8Array, now: Instant): void {
    const { context, egress } = this.#machines;
    const ack = decode(Body.HopAckSchema, payload);
    if (ack) egress.acknowledged(link, ack.tokens, now);
    else context.counters.refuse('hop-ack.malformed');
  }
}
