import { Status } from '../../dist/radios/ble/hci-codes.js';
import { completedPackets, u16 } from '../../dist/radios/ble/hci-packets.js';
import type { Airspace, LinkEnd, Station, StationLink } from './types.js';

export interface LinkParameters {
  readonly intervalMs: number;
  readonly supervisionMs: number;
}

/** Packet boundary flags of ACL data: the host starts with 00, the controller delivers 10. */
const START_FROM_HOST = 0;
const START_TO_HOST = 2;
const FLAGS_SHIFT = 12;

/** A connection between two controllers: packets in order, in connection events, until one side ends it or neither hears the other. */
export class EmulatedLink implements StationLink {
  readonly central: LinkEnd;
  readonly peripheral: LinkEnd;
  readonly #air: Airspace;
  readonly #supervisionMs: number;
  #events: NodeJS.Timeout | undefined;
  #supervision: NodeJS.Timeout | undefined;
  #isPumping = false;
  #isOver = false;

  constructor(air: Airspace, central: Station, peripheral: Station, parameters: LinkParameters) {
    this.#air = air;
    this.#supervisionMs = parameters.supervisionMs;
    this.central = { controller: central, handle: central.newHandle(), waiting: [] };
    this.peripheral = { controller: peripheral, handle: peripheral.newHandle(), waiting: [] };
    air.links.add(this);
    if (air.timeScale > 0) this.#events = setInterval(() => this.#event(air.packetsPerEvent), parameters.intervalMs);
  }

  other(end: LinkEnd): LinkEnd {
    return end === this.central ? this.peripheral : this.central;
  }

  send(end: LinkEnd, packet: Uint8Array): void {
    end.waiting.push(packet);
    if (this.#events !== undefined || this.#isPumping) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#event(Number.POSITIVE_INFINITY);
    });
  }

  drop(centralReason: number, peripheralReason: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#events);
    clearTimeout(this.#supervision);
    this.#air.links.delete(this);
    this.central.controller.linkEnded(this.central, centralReason);
    this.peripheral.controller.linkEnded(this.peripheral, peripheralReason);
  }

  reachChanged(): void {
    if (this.#hearsItself()) {
      clearTimeout(this.#supervision);
      this.#supervision = undefined;
      this.#event(this.#events === undefined ? Number.POSITIVE_INFINITY : 0);
    } else this.lose();
  }

  lose(): void {
    if (this.#isOver) return;
    this.#supervision ??= setTimeout(
      () => this.drop(Status.ConnectionTimeout, Status.ConnectionTimeout),
      this.#air.supervisionMs(this.#supervisionMs),
    );
  }

  #hearsItself(): boolean {
    return this.#air.hears(this.central.controller, this.peripheral.controller);
  }

  #event(most: number): void {
    if (!this.#hearsItself()) return;
    this.#transfer(this.central, most);
    this.#transfer(this.peripheral, most);
  }

  #transfer(end: LinkEnd, most: number): void {
    const to = this.other(end);
    let count = 0;
    while (count < most && end.waiting.length > 0 && !this.#isOver) {
      const packet = new Uint8Array(end.waiting.shift() as Uint8Array);
      const flags = u16(packet, 1) >> FLAGS_SHIFT;
      const boundary = (flags & 3) === START_FROM_HOST ? START_TO_HOST : flags & 3;
      packet[1] = to.handle & 255;
      packet[2] = (to.handle >> 8) | (boundary << 4);
      count++;
      to.controller.toHost(packet);
    }
    if (count === 0 || this.#isOver) return;
    end.controller.completed(count);
    end.controller.toHost(completedPackets(end.handle, count));
  }
}
