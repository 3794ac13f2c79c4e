import type { Instant } from '../core/machine.js';
import type { AirtimeRecords } from './airtime-record.js';
import type { AlertSpread } from './alert-spread.js';
import { type Carrier, makeCarrier } from './carrier.js';
import type { MeshInput } from './contract.js';
import type { Custody } from './custody.js';
import { type Discovery, LINK_MTU_MIN } from './discovery.js';
import type { Egress } from './egress.js';
import type { Fabric } from './fabric.js';
import { REMOVED } from './link-end.js';
import type { LinkLife } from './link-life.js';
import type { Links } from './links.js';
import type { ManualAddresses } from './manual-addresses.js';
import type { OwnState } from './own-state.js';
import type { Passing } from './passing.js';
import type { Peers } from './peers.js';
import type { Reception } from './reception.js';
import type { Sending } from './sending.js';
import type { SharedAir } from './shared-air.js';

export interface InputMachines {
  readonly carriers: Map<number, Carrier>;
  readonly links: Links;
  readonly manual: ManualAddresses;
  readonly reception: Reception;
  readonly air: SharedAir;
  readonly egress: Egress;
  readonly discovery: Discovery;
  readonly linkLife: LinkLife;
  readonly sending: Sending;
  readonly alerts: AlertSpread;
  readonly ownState: OwnState;
  readonly custody: Custody;
  readonly passing: Passing;
  readonly peers: Peers;
  readonly fabric: Fabric;
  readonly airtime: AirtimeRecords;
}

/** Hands each input of a step to the machine it is for. */
export class Inputs {
  readonly #machines: InputMachines;

  constructor(machines: InputMachines) {
    this.#machines = machines;
  }

  handle(input: MeshInput, now: Instant): void {
    const { links, egress, discovery, linkLife, sending, ownState, custody } = this.#machines;
    switch (input.kind) {
      case 'tick':
        return;
      case 'heard':
      case 'heard-batch': {
        const carrier = this.#machines.carriers.get(input.radio);
        if (carrier) this.#machines.reception.heard(carrier, this.#machines.air.read(carrier, input, now), now);
        return;
      }
      case 'refused': {
        const carrier = this.#machines.carriers.get(input.radio);
        const link = input.to === undefined ? undefined : links.find(input.radio, input.to);
        if (carrier) egress.refused(carrier, link, input.frame, now);
        return;
      }
      case 'carrier-up':
        return this.#carrierUp(makeCarrier(input.radio, input.name, input.traits), now);
      case 'carrier-down':
        return this.#carrierDown(input.radio, input.reason, now);
      case 'link-up': {
        const carrier = this.#machines.carriers.get(input.radio);
        if (carrier && input.mtuBytes >= LINK_MTU_MIN) discovery.connected(carrier, input.address, input.mtuBytes, now);
        return;
      }
      case 'link-down':
        return linkLife.ended(input, now);
      case 'flood':
        return sending.flood(input, now);
      case 'send':
        return sending.send(input, now);
      case 'restore-alert':
        return this.#machines.alerts.restored(input.id, input.priority, input.body, input.ageMs, now);
      case 'patch-state':
        return ownState.patch(input.patch, now);
      case 'trace':
        return this.#machines.passing.trace.begin(input, now);
      case 'custody':
        return custody.step(input.input, now);
      case 'leave':
        custody.leaving(now);
        discovery.leave();
        this.#machines.airtime.leaving(this.#machines.carriers.values(), now);
        return ownState.patch({ condition: 'offline' }, now);
      case 'manual-peer': {
        const carrier = this.#machines.carriers.get(input.radio);
        if (carrier) discovery.addManual(carrier, input.address, input.expected, now);
        return;
      }
      case 'remove-peer':
        discovery.removeManual(input.node);
        linkLife.allDown(input.node, REMOVED, now);
        this.#machines.peers.forget(input.node, false, now);
        return;
      case 'remove-address':
        this.#machines.manual.remove(({ address }) => address === input.address);
        return;
      case 'records':
        return this.#machines.fabric.step(input.input, now);
    }
  }

  #carrierUp(carrier: Carrier, now: Instant): void {
    this.#machines.carriers.set(carrier.index, carrier);
    this.#machines.airtime.carrierUp(carrier, now);
    this.#machines.air.carrierUp(carrier, now);
    this.#machines.discovery.carrierUp(carrier, now);
  }

  #carrierDown(radio: number, reason: string, now: Instant): void {
    const carrier = this.#machines.carriers.get(radio);
    if (!carrier) return;
    carrier.up = false;
    this.#machines.airtime.carrierDown(carrier, now);
    this.#machines.linkLife.carrierDown(carrier, reason, now);
    this.#machines.discovery.carrierDown(carrier);
    this.#machines.air.carrierDown(carrier);
    this.#machines.egress.carrierDown(carrier);
    this.#machines.carriers.delete(radio);
  }
}
