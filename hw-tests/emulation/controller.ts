import type { Timer } from '../../dist/ports/clock.js';
import { Event, LeEvent, Status } from '../../dist/radios/ble/hci-codes.js';
import { addressBytes, event, le16, leEvent, PacketType, u16 } from '../../dist/radios/ble/hci-packets.js';
import type { Air } from './air.js';
import { answer } from './commands.js';
import { type ControllerQuirks, noQuirks } from './controller-quirks.js';
import { EmulatedLink } from './link.js';
import type { Advertising, Initiating, LinkEnd, Station, StationLink } from './types.js';

export interface ControllerOptions {
  /** For people and for the reach of the air. */
  readonly name?: string;
  readonly address?: string;
  readonly maxLinks?: number;
  readonly aclBytes?: number;
  readonly aclBuffers?: number;
  readonly quirks?: Partial<ControllerQuirks>;
}

const NO_ADDRESS = '00:00:00:00:00:00';
const FIRST_HANDLE = 0x40;
const LAST_HANDLE = 0xeff;

/** A low energy controller on an emulated air: several links in both roles, adverts, scanning. What its host does wrong is noted. */
export class EmulatedController implements Station {
  readonly id: number;
  readonly name: string;
  readonly publicAddress: string;
  /** May be changed while it runs. */
  maxLinks: number;
  readonly aclBytes: number;
  readonly aclBuffers: number;
  readonly quirks: ControllerQuirks;
  readonly violations: string[] = [];
  readonly commands = new Map<number, number>();
  readonly air: Air;
  randomAddress = NO_ADDRESS;
  advertising: Advertising = { intervalMs: 100, type: 0, ownAddressType: 0 };
  advertData: Uint8Array = new Uint8Array(0);
  isScanning = false;
  scanDuty = 1;
  initiating: Initiating | undefined;
  onData: (packet: Uint8Array) => void = () => {};
  readonly #ends = new Map<number, { readonly end: LinkEnd; readonly link: StationLink }>();
  #handle: number;
  #outstanding = 0;
  #adverts: Timer | undefined;
  #isGone = false;

  constructor(air: Air, options: ControllerOptions = {}) {
    this.air = air;
    this.id = air.enter(this);
    this.name = options.name ?? `controller ${this.id}`;
    this.publicAddress = options.address ?? `c0:00:00:00:${hex(this.id >> 8)}:${hex(this.id & 255)}`;
    this.maxLinks = options.maxLinks ?? 8;
    this.aclBytes = options.aclBytes ?? 251;
    this.aclBuffers = options.aclBuffers ?? 8;
    this.quirks = { ...noQuirks(), ...options.quirks };
    // Different at both ends of every link, so that mixing them up shows.
    this.#handle = FIRST_HANDLE + this.id * 7;
  }

  get linkCount(): number {
    return this.#ends.size;
  }

  get isAdvertising(): boolean {
    return this.#adverts !== undefined;
  }

  /** One whole packet from its host. */
  receive(packet: Uint8Array): void {
    if (this.#isGone) return;
    if (packet[0] === PacketType.Acl) return this.#acl(packet);
    if (packet[0] !== PacketType.Command) return void this.violations.push(`packet of type ${packet[0]}`);
    const opcode = u16(packet, 1);
    this.commands.set(opcode, (this.commands.get(opcode) ?? 0) + 1);
    const drops = this.quirks.dropped.get(opcode) ?? 0;
    if (drops > 0) this.quirks.dropped.set(opcode, drops - 1);
    else this.air.time.soon(() => this.#isGone || answer(this, opcode, packet.subarray(4)));
  }

  toHost(packet: Uint8Array): void {
    if (!this.#isGone) this.air.time.soon(() => this.onData(packet));
  }

  /** The end of a link by its handle here. */
  find(handle: number): { readonly end: LinkEnd; readonly link: StationLink } | undefined {
    return this.#ends.get(handle & 0xfff);
  }

  isLinkedTo(address: string): boolean {
    return [...this.#ends.values()].some(({ end, link }) => {
      const { publicAddress, randomAddress } = link.other(end).controller;
      return publicAddress === address || randomAddress === address;
    });
  }

  newHandle(): number {
    do this.#handle = this.#handle >= LAST_HANDLE ? FIRST_HANDLE : this.#handle + 1;
    while (this.#ends.has(this.#handle));
    return this.#handle;
  }

  completed(count: number): void {
    this.#outstanding -= count;
  }

  linkEnded(end: LinkEnd, reason: number): void {
    if (!this.#ends.delete(end.handle)) return;
    this.#outstanding -= end.waiting.length;
    end.waiting.length = 0;
    this.toHost(event(Event.DisconnectionComplete, Uint8Array.of(0, ...le16(end.handle), reason)));
  }

  /** As a reset does: everything forgotten, neighbours find out by themselves. */
  reset(): void {
    this.setAdvertising(false);
    this.isScanning = false;
    this.initiating = undefined;
    this.randomAddress = NO_ADDRESS;
    this.quirks.scanIsDead = false;
    this.quirks.scanIsStuck = false;
    const links = [...this.#ends.values()].map(({ link }) => link);
    this.#ends.clear();
    this.#outstanding = 0;
    for (const link of links) link.lose();
  }

  /** A hardware error is reported; the controller is of no use until it is reset. */
  failHardware(code = 3): void {
    this.setAdvertising(false);
    this.isScanning = false;
    this.toHost(event(Event.HardwareError, Uint8Array.of(code)));
  }

  /** The host died or the plug was pulled. */
  vanish(): void {
    this.reset();
    this.#isGone = true;
    this.air.controllers.delete(this);
  }

  setAdvertising(on: boolean): void {
    this.#adverts?.cancel();
    this.#adverts = undefined;
    if (on) this.#advertIn(0);
  }

  /** Tells the host how an attempt to connect ended. */
  connected(
    status: number,
    handle: number,
    role: number,
    peer: { address: string; type: number },
    p: Initiating,
  ): void {
    const hidden = status !== Status.Success && this.quirks.hidesAddressOfFailures;
    const address = addressBytes(hidden ? NO_ADDRESS : peer.address);
    const times = [...le16(Math.round(p.intervalMs / 1.25)), ...le16(p.latency), ...le16(p.supervisionMs / 10), 0];
    const parameters = Uint8Array.of(status, ...le16(handle), role, hidden ? 0 : peer.type, ...address, ...times);
    this.toHost(leEvent(LeEvent.ConnectionComplete, parameters));
  }

  ownAddress(type: number): string {
    return type === 0 ? this.publicAddress : this.randomAddress;
  }

  #acl(packet: Uint8Array): void {
    const known = this.find(u16(packet, 1));
    if (known === undefined) return;
    const length = u16(packet, 3);
    if (length > this.aclBytes) this.violations.push(`ACL packet of ${length} bytes, ${this.aclBytes} are allowed`);
    if (++this.#outstanding > this.aclBuffers)
      this.violations.push(`${this.#outstanding} ACL packets, there are ${this.aclBuffers} buffers`);
    known.link.send(known.end, packet);
  }

  adopt(end: LinkEnd, link: StationLink): void {
    this.#ends.set(end.handle, { end, link });
  }

  #advertIn(delayMs: number): void {
    const timer = this.air.time.after(delayMs, () => {
      this.#advertIn(this.air.advertMs(this.advertising.intervalMs));
      this.#advert();
    });
    this.#adverts = timer;
  }

  #advert(): void {
    const { type, ownAddressType } = this.advertising;
    const address = this.ownAddress(ownAddressType);
    const report = advertReport(type, ownAddressType, address, this.advertData);
    for (const other of this.air.controllers) {
      if (!this.air.hears(this, other)) continue;
      other.hearAdvert(this, report);
      if (type === 0 && other.initiating?.address === address && this.air.catches(other.initiating.duty))
        return this.#accept(other, address, ownAddressType);
    }
  }

  hearAdvert(from: Station, report: Uint8Array): void {
    if (!this.isScanning || this.quirks.scanIsDead || this.quirks.scanIsStuck) return;
    if (!this.air.catches(this.scanDuty)) return;
    const heard = report.slice();
    heard[heard.length - 1] = this.air.rssi(this, from) & 255;
    this.toHost(heard);
  }

  #accept(central: Station, address: string, addressType: number): void {
    const wanted = central.initiating as Initiating;
    central.initiating = undefined;
    const peer = { address, type: addressType };
    if (central.linkCount >= central.maxLinks) return central.connected(Status.ConnectionLimit, 0, 0, peer, wanted);
    // One that has no place does not answer; the caller sees a connection that is never established.
    if (this.linkCount >= this.maxLinks) return central.connected(Status.NotEstablished, 0, 0, peer, wanted);
    this.setAdvertising(false);
    const link = new EmulatedLink(this.air, central, this, wanted);
    central.adopt(link.central, link);
    this.adopt(link.peripheral, link);
    const caller = { address: central.ownAddress(wanted.ownAddressType), type: wanted.ownAddressType };
    this.connected(Status.Success, link.peripheral.handle, 1, caller, wanted);
    central.connected(Status.Success, link.central.handle, 0, { address, type: addressType }, wanted);
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** As an event for the host; how loud it is comes last, and differs from ear to ear. */
export function advertReport(type: number, addressType: number, address: string, data: Uint8Array): Uint8Array {
  const head = Uint8Array.of(1, type, addressType, ...addressBytes(address), data.length);
  const report = new Uint8Array(head.length + data.length + 1);
  report.set(head);
  report.set(data, head.length);
  return leEvent(LeEvent.AdvertisingReport, report);
}
