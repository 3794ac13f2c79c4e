import type { Instant } from '../core/machine.js';
import type { KnownNodes } from '../trust/known-nodes.js';
import { AirDrip } from './air-drip.js';
import { AirFlood } from './air-flood.js';
import { AirPresence, type PresenceEvents } from './air-presence.js';
import { AirTurns } from './air-turns.js';
import { type Carrier, isSlowAir } from './carrier.js';
import type { Drip } from './drip.js';
import { type Egress, earlier } from './egress.js';
import type { Links } from './links.js';
import type { MeshContext } from './types.js';

export interface SharedAirMachines {
  readonly context: MeshContext;
  readonly links: Links;
  readonly known: KnownNodes;
  readonly egress: Egress;
  drip(): Drip;
}

/** What is different over slow air that many share: who is there, what floods, and what drips, in one transmission for all. */
export class SharedAir {
  readonly presence: AirPresence;
  readonly flood: AirFlood;
  readonly drip: AirDrip;
  readonly #turns: AirTurns;

  constructor({ context, links, known, egress, drip }: SharedAirMachines, events: PresenceEvents) {
    this.presence = new AirPresence(context, links, known, egress, events);
    this.#turns = new AirTurns(context, egress, (carrier) => this.presence.view(carrier));
    this.flood = new AirFlood(context, this.#turns);
    const isHeard = (carrier: Carrier, node: NodeId): boolean => this.presence.hears(carrier, node);
    this.drip = new AirDrip(context, egress, this.#turns, drip, events.nextSequence, isHeard);
  }

  /** What is spreading, and how far is still to be seen. */
  get spreads(): number {
    return this.#turns.size;
  }

  carrierUp(carrier: Carrier, now: Instant): void {
    if (!isSlowAir(carrier)) return;
    this.presence.carrierUp(carrier, now);
    this.drip.carrierUp(carrier);
  }

  carrierDown(carrier: Carrier): void {
    this.presence.carrierDown(carrier);
    this.drip.carrierDown(carrier);
    this.#turns.carrierDown(carrier);
  }

  tick(now: Instant): void {
    this.presence.tick(now);
    this.#turns.tick(now);
    this.drip.tick(now);
  }

  nextDeadline(): number | undefined {
    return earlier(this.presence.nextDeadline(), earlier(this.#turns.nextDeadline(), this.drip.nextDeadline()));
  }
}
