import type { Instant } from '../core/machine.js';
import { FrameType } from '../wire/frame-types.js';
import { Flag, type Header, Offset } from '../wire/header.js';
import type { Egress } from './egress.js';
import type { Flooding } from './flooding.js';
import type { Link, Links } from './links.js';
import type { Routing } from './routing.js';
import type { Sending } from './sending.js';
import type { SharedAir } from './shared-air.js';
import { Trace } from './trace.js';
import type { Arrival, MeshContext } from './types.js';

export interface PassingMachines {
  readonly context: MeshContext;
  readonly links: Links;
  readonly routing: Routing;
  readonly flooding: Flooding;
  readonly egress: Egress;
  readonly sending: Sending;
  readonly air: SharedAir;
}

/** What becomes of a frame that is to go further than this node: its next hop, a flood, or another way when that failed. */
export class Passing {
  /** Probes take the same way as what they are to find out about. */
  readonly trace: Trace;
  readonly #machines: PassingMachines;

  constructor(machines: PassingMachines) {
    this.#machines = machines;
    this.trace = new Trace(machines);
  }

  pass(key: string, arrival: Arrival, header: Header, frame: Uint8Array, now: Instant): void {
    const { context, routing, flooding, egress } = this.#machines;
    const { destination, source, ttl, hops, flags } = header;
    const { link, from } = arrival;
    if (link) routing.learn(source, link, hops, now);
    if (link && header.type === FrameType.Ack) egress.answered(link, frame, now);
    if (destination === context.self.id) return;
    if (header.type === FrameType.TraceProbe) return link && this.trace.pass(link, header, frame, now);
    const avoid = [from, source];
    const isRouted = destination !== undefined && (flags & Flag.Spread) === 0;
    const next = isRouted ? routing.nextLink(destination, now, { avoid }) : undefined;
    if (link && next && ttl > 0) flooding.forward(link, next, frame, now);
    else flooding.relay(key, arrival, frame, now);
  }

  /** A hop that did not work out: directed frames take another way, flooded ones wait for one to open. */
  undelivered(link: Link, frame: Uint8Array, now: Instant): void {
    const { air, flooding, sending } = this.#machines;
    air.presence.failed(link, now);
    if (frame[Offset.Type] === FrameType.TraceProbe) return this.trace.undelivered(link, frame, now);
    if (!flooding.undelivered(link, frame)) sending.reroute(link, frame, now);
  }
}
