import type { Timer } from '../../dist/ports/clock.js';
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
  readonly #eventMs: number | undefined;
  readonly #since: number;
  #events: Timer | undefined;
  #supervision: Timer | undefined;
  #isPumping = false;
  #isOver = false;

  constructor(air: Airspace, central: Station, peripheral: Station, parameters: LinkParameters) {
    this.#air = air;
    this.#supervisionMs = parameters.supervisionMs;
    this.central = { controller: central, handle: central.newHandle(), waiting: [] };
    this.peripheral = { controller: peripheral, handle: peripheral.newHandle(), waiting: [] };
    air.links.add(this);
    this.#eventMs = air.timeScale > 0 ? parameters.intervalMs : undefined;
    this.#since = air.time.now();
  }

  other(end: LinkEnd): LinkEnd {
    return end === this.central ? this.peripheral : this.central;
  }

  send(end: LinkEnd, packet: Uint8Array): void {
    end.waiting.push(packet);
    if (this.#eventMs !== undefined) this.#awaitEvent(this.#eventMs);
    else this.#pump();
  }

  drop(centralReason: number, peripheralReason: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events?.cancel();
    this.#supervision?.cancel();
    this.#air.links.delete(this);
    this.central.controller.linkEnded(this.central, centralReason);
    this.peripheral.controller.linkEnded(this.peripheral, peripheralReason);
  }

  reachChanged(): void {
    if (this.#hearsItself()) {
      this.#supervision?.cancel();
      this.#supervision = undefined;
      if (this.#eventMs === undefined) this.#event(Number.POSITIVE_INFINITY);
    } else this.lose();
  }

  lose(): void {
    if (this.#isOver) return;
    this.#supervision ??= this.#air.time.after(this.#air.supervisionMs(this.#supervisionMs), () =>
      this.drop(Status.ConnectionTimeout, Status.ConnectionTimeout),
    );
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#air.time.soon(() => {
      this.#isPumping = false;
      this.#event(Number.POSITIVE_INFINITY);
    });
  }

  /** Events come at their intervals whether anybody has something to send or not: those without are left out. */
  #awaitEvent(everyMs: number): void {
    if (this.#events !== undefined || this.#isOver) return;
    const { time, packetsPerEvent } = this.#air;
    const leftMs = everyMs - ((time.now() - this.#since) % everyMs);
    this.#events = time.after(leftMs, () => {
      this.#events = undefined;
      this.#event(packetsPerEvent);
      if (this.central.waiting.length + this.peripheral.waiting.length > 0) this.#awaitEvent(everyMs);
    });
  }

  #hearsItself(): boolean {
    return this.#air.hears(this.central.controller, this.peripheral.controller);
  }

  #event(most: number): void {
    const isPaced = this.#eventMs !== undefined;
    if (!this.#hearsItself() || (isPaced && this.#air.missesEvent())) return;
    // An end with nothing to send says so: that can be lost, too, and then the other cannot answer.
    const isEmptyLost = isPaced && this.central.waiting.length === 0 && this.#air.losesPacket();
    if (!isEmptyLost && this.#transfer(this.central, most)) this.#transfer(this.peripheral, most);
  }

  /** False when a packet was lost: it and all after it wait for the next event. */
  #transfer(end: LinkEnd, most: number): boolean {
    const to = this.other(end);
    let [count, isLost] = [0, false];
    while (count < most && end.waiting.length > 0 && !this.#isOver) {
      isLost = this.#eventMs !== undefined && this.#air.losesPacket();
      if (isLost) break;
      const packet = new Uint8Array(end.waiting.shift() as Uint8Array);
      const flags = u16(packet, 1) >> FLAGS_SHIFT;
      const boundary = (flags & 3) === START_FROM_HOST ? START_TO_HOST : flags & 3;
      packet[1] = to.handle & 255;
      packet[2] = (to.handle >> 8) | (boundary << 4);
      count++;
      to.controller.toHost(packet);
    }
    if (count > 0 && !this.#isOver) {
      end.controller.completed(count);
      end.controller.toHost(completedPackets(end.handle, count));
    }
    return !isLost;
  }
}
