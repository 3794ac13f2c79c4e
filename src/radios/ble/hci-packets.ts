import { concat } from '../../core/bytes.js';
import { type AddressType, Event, LeEvent } from './hci-codes.js';

/** Packet types of the UART transport (H4), which all our ports speak. */
export const PacketType = { Command: 1, Acl: 2, Event: 4 } as const;

/** Longer ACL packets are no LE controller's: the byte stream is out of step. */
const MAX_ACL_BYTES = 4_096;
const ADDRESS_BYTES = 6;

export const u16 = (b: Uint8Array, at: number): number => (b[at] as number) | ((b[at + 1] as number) << 8);
export const le16 = (value: number): Uint8Array => Uint8Array.of(value & 255, (value >>> 8) & 255);

/** A packet of whatever type; without parameters an empty array. */
export function command(opcode: number, parameters: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concat(Uint8Array.of(PacketType.Command, opcode & 255, opcode >> 8, parameters.length), parameters);
}

export function event(code: number, parameters: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(PacketType.Event, code, parameters.length), parameters);
}

export const leEvent = (code: number, parameters: Uint8Array): Uint8Array =>
  event(Event.LeMeta, concat(Uint8Array.of(code), parameters));

export function commandComplete(opcode: number, status: number, ...results: readonly Uint8Array[]): Uint8Array {
  return event(Event.CommandComplete, concat(Uint8Array.of(1, opcode & 255, opcode >> 8, status), ...results));
}

export const commandStatus = (opcode: number, status: number): Uint8Array =>
  event(Event.CommandStatus, Uint8Array.of(status, 1, opcode & 255, opcode >> 8));

export const completedPackets = (handle: number, count: number): Uint8Array =>
  event(Event.CompletedPackets, concat(Uint8Array.of(1), le16(handle), le16(count)));

/** Length of the packet that starts with these bytes, `undefined` when too few to say, 0 when no packet starts so. */
function packetLength(b: Uint8Array, at: number): number | undefined {
  const left = b.length - at;
  switch (b[at]) {
    case PacketType.Command:
      return left < 4 ? undefined : 4 + (b[at + 3] as number);
    case PacketType.Acl: {
      if (left < 5) return undefined;
      const length = u16(b, at + 3);
      return length > MAX_ACL_BYTES ? 0 : 5 + length;
    }
    case PacketType.Event:
      return left < 3 ? undefined : 3 + (b[at + 2] as number);
    default:
      return 0;
  }
}

/** Cuts a byte stream into packets, however it comes. After bytes that start no packet it stays deaf: only a reset finds the step again. */
export class PacketSplitter {
  readonly #onPacket: (packet: Uint8Array) => void;
  readonly #onGarbage: (reason: string) => void;
  #rest: Uint8Array = new Uint8Array(0);
  #deaf = false;

  constructor(onPacket: (packet: Uint8Array) => void, onGarbage: (reason: string) => void) {
    this.#onPacket = onPacket;
    this.#onGarbage = onGarbage;
  }

  push(chunk: Uint8Array): void {
    if (this.#deaf) return;
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    let at = 0;
    while (at < bytes.length && !this.#deaf) {
      const length = packetLength(bytes, at);
      if (length === 0) {
        this.#deaf = true;
        this.#onGarbage(`byte 0x${(bytes[at] as number).toString(16)} starts no HCI packet`);
        return;
      }
      if (length === undefined || bytes.length - at < length) break;
      // Copied: receivers keep packets, and the chunk belongs to the port.
      this.#onPacket(new Uint8Array(bytes.subarray(at, at + length)));
      at += length;
    }
    this.#rest = new Uint8Array(bytes.subarray(at));
  }
}

/** `c0:00:00:00:00:01`; on the wire the last byte comes first. */
export function addressText(b: Uint8Array, at = 0): string {
  const parts: string[] = [];
  for (let i = ADDRESS_BYTES - 1; i >= 0; i--) parts.push((b[at + i] as number).toString(16).padStart(2, '0'));
  return parts.join(':');
}

export const addressBytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(':').reverse(), (part) => Number.parseInt(part, 16));

export interface AdvertReport {
  /** 0 connectable, 2 scannable, 3 neither, 4 scan response. */
  readonly type: number;
  readonly addressType: AddressType;
  readonly address: string;
  readonly data: Uint8Array;
  /** dBm; 127 when not known. */
  readonly rssi: number;
}

/** Reports of an LE advertising event; a malformed tail is left out. */
export function parseAdvertReports(packet: Uint8Array): AdvertReport[] {
  const reports: AdvertReport[] = [];
  if (packet[3] !== LeEvent.AdvertisingReport) return reports;
  let at = 5;
  for (let i = packet[4] ?? 0; i > 0 && at + 10 <= packet.length; i--) {
    const length = packet[at + 8] as number;
    const end = at + 9 + length;
    if (end >= packet.length) break;
    reports.push({
      type: packet[at] as number,
      addressType: ((packet[at + 1] as number) & 1) as AddressType,
      address: addressText(packet, at + 2),
      data: packet.subarray(at + 9, end),
      rssi: ((packet[end] as number) << 24) >> 24,
    });
    at = end + 1;
  }
  return reports;
}

interface ConnectionReport {
  readonly status: number;
  readonly handle: number;
  readonly role: number;
  readonly addressType: AddressType;
  readonly address: string;
  readonly intervalMs: number;
}

/** Of an LE (enhanced) connection complete event, or `undefined` when cut short. */
export function parseConnection(packet: Uint8Array): ConnectionReport | undefined {
  const enhanced = packet[3] === LeEvent.EnhancedConnectionComplete;
  const intervalAt = enhanced ? 27 : 15;
  if (packet.length < intervalAt + 7) return undefined;
  return {
    status: packet[4] as number,
    handle: u16(packet, 5) & 0xfff,
    role: packet[7] as number,
    addressType: ((packet[8] as number) & 1) as AddressType,
    address: addressText(packet, 9),
    intervalMs: u16(packet, intervalAt) * 1.25,
  };
}
