import type { MessageId, NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { NodeStates } from '../replication/node-state.js';
import type { KnownNodes } from '../trust/known-nodes.js';
import { FrameType } from '../wire/frame-types.js';
import { AirAlerts } from './air-alerts.js';
import { AirAsking } from './air-asking.js';
import { AirDrip } from './air-drip.js';
import { AirFlood } from './air-flood.js';
import { AirPresence, type PresenceEvents } from './air-presence.js';
import { AirTurns } from './air-turns.js';
import { type Carrier, isSlowAir } from './carrier.js';
import { messageIdFor } from './delivery.js';
import type { Drip } from './drip.js';
import { type DripItem, DripKind } from './drip-items.js';
import { type Egress, earlier } from './egress.js';
import type { Links } from './links.js';
import { NodeAliases } from './node-aliases.js';
import type { HeardInput } from './reception.js';
import type { Routing } from './routing.js';
import { ShortFrames } from './short-frames.js';
import type { Arrival, MeshContext } from './types.js';

export interface SharedAirEvents
  extends Omit<PresenceEvents, 'came' | 'told' | 'named' | 'lacked' | 'states' | 'stateOf' | 'overrule'> {
  /** Who is reachable may have changed. */
  changed(): void;
  /** Frames that could not be read when they came. */
  heard(carrier: Carrier, input: HeardInput, now: Instant): void;
}

export interface SharedAirMachines {
  readonly context: MeshContext;
  readonly links: Links;
  readonly known: KnownNodes;
  readonly states: NodeStates;
  readonly routing: Routing;
  readonly egress: Egress;
  drip(): Drip;
}

/** What is different over slow air that many share: who is there, what floods, and what drips, in one transmission for all. */
export class SharedAir {
  readonly presence: AirPresence;
  readonly flood: AirFlood;
  readonly drip: AirDrip;
  /** Who lacks an alert. */
  readonly alerts: AirAlerts;
  readonly #turns: AirTurns;
  readonly #short: ShortFrames;
  readonly #asking: AirAsking;
  readonly #context: MeshContext;
  readonly #aliases: NodeAliases;
  readonly #heard: SharedAirEvents['heard'];
  readonly #egress: Egress;
  readonly #dripOf: () => Drip;

  constructor(machines: SharedAirMachines, events: SharedAirEvents) {
    const { context, links, known, states, routing, egress, drip } = machines;
    this.#egress = egress;
    this.#aliases = new NodeAliases(context.self.id);
    this.#heard = events.heard;
    this.#dripOf = drip;
    this.presence = new AirPresence(context, links, known, egress, {
      ...events,
      told: (node, now) => this.#short.learned(node, now),
      named: (nodes, now) => this.#short.hinted(nodes, now),
      came: () => this.#aliases.came(),
      lacked: (alias) => {
        this.#aliases.lacked(alias);
        return this.#aliases.knownAs(alias);
      },
      states: () => states.all(),
      stateOf: (node) => states.get(node),
      overrule: (node, unheard) => {
        if (routing.overrule(node, unheard)) events.changed();
      },
    });
    this.#short = new ShortFrames(context, this.#aliases, {
      lacks: (carrier, aliases, now) => this.presence.lacks(carrier, aliases, now),
    });
    this.#turns = new AirTurns(context, egress, (carrier) => this.presence.view(carrier));
    this.flood = new AirFlood(context, this.#turns, (source, now) => this.#short.met(source, now));
    this.#asking = new AirAsking(context, egress, events.nextSequence);
    this.#context = context;
    const isHeard = (carrier: Carrier, node: NodeId): boolean => this.presence.hears(carrier, node);
    this.drip = new AirDrip(context, egress, this.#turns, drip, events.nextSequence, isHeard);
    this.alerts = new AirAlerts(context, egress, {
      items: () => drip().items(),
      view: (carrier) => this.presence.view(carrier),
      nextSequence: events.nextSequence,
      lacked: (carrier, item, from, now) => {
        if (!this.flood.lacked(carrier, idOf(item), from, now)) this.drip.wanted(carrier, item, from, now);
      },
      lackOf: (carrier, item, node) => this.flood.lackOf(carrier, idOf(item), node),
      confirmed: (carrier, item, from) => this.flood.confirmed(carrier, idOf(item), from),
    });
  }

  /** In which form frames go over a carrier. */
  get forms(): ShortFrames {
    return this.#short;
  }

  /** What waits for the ids that stand behind its aliases. */
  get unread(): number {
    return this.#short.unread;
  }

  /** What was heard, as full frames. */
  read(carrier: Carrier, input: HeardInput, now: Instant): HeardInput {
    if (input.kind !== 'heard') return input;
    const frames = isSlowAir(carrier) ? this.#short.incoming(carrier, input.frames, now) : input.frames;
    if (!frames.some(({ overheard }) => overheard)) return frames === input.frames ? input : { kind: 'heard', frames };
    for (const { overheard, transmitter, bytes } of frames)
      if (overheard && transmitter !== undefined) this.#egress.overheard(carrier, transmitter, bytes, now);
    return { kind: 'heard', frames: frames.filter(({ overheard }) => !overheard) };
  }

  /** Messages of this author wait for its beat. */
  wants(carrier: Carrier, author: NodeId, now: Instant): void {
    this.#asking.wants(carrier, author, now);
  }

  /** A neighbour says over slow air what it holds of what drips, or asks for some of it. */
  said(type: number, { carrier, from }: Arrival, payload: Uint8Array, now: Instant): void {
    if (from === undefined) return;
    if (type === FrameType.AlertsHeld) return this.alerts.heard(carrier, from, payload, now);
    if (type === FrameType.DripHashes) return this.drip.received(carrier, from, payload, now);
    const authors = this.#asking.heard(carrier, payload, now);
    if (!authors) return this.#context.counters.refuse('drip.malformed');
    for (const author of authors) {
      const beat = this.#dripOf().held(DripKind.Beat, author);
      if (beat) this.drip.wanted(carrier, beat, from, now);
    }
  }

  /** A boot of this node is vouched for. */
  learned(node: NodeId, now: Instant): void {
    this.#asking.learned(node);
    this.presence.learned(node);
    this.#short.learned(node, now);
  }

  forget(node: NodeId): void {
    this.#aliases.forget(node);
  }

  /** What is spreading, and how far is still to be seen. */
  get spreads(): number {
    return this.#turns.size;
  }

  carrierUp(carrier: Carrier, now: Instant): void {
    if (!isSlowAir(carrier)) return;
    this.presence.carrierUp(carrier, now);
    this.drip.carrierUp(carrier);
    this.alerts.carrierUp(carrier);
  }

  carrierDown(carrier: Carrier): void {
    this.presence.carrierDown(carrier);
    this.drip.carrierDown(carrier);
    this.alerts.carrierDown(carrier);
    this.#turns.carrierDown(carrier);
    this.#asking.carrierDown(carrier);
  }

  tick(now: Instant): void {
    this.#short.tick(now);
    for (const { carrier, frame } of this.#short.takeReady())
      this.#heard(carrier, { kind: 'heard', frames: [frame] }, now);
    this.presence.tick(now);
    this.#turns.tick(now);
    this.drip.tick(now);
    this.#asking.tick(now);
    this.alerts.tick(now);
  }

  nextDeadline(): number | undefined {
    if (this.#short.isReady) return Number.NEGATIVE_INFINITY;
    const machines = [this.presence, this.#turns, this.drip, this.#asking, this.alerts];
    return machines.reduce<number | undefined>((at, machine) => earlier(at, machine.nextDeadline()), undefined);
  }
}

const idOf = ({ source, saltHint, sequence }: DripItem): MessageId => messageIdFor(source, saltHint, sequence);
