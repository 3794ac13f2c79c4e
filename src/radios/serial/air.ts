import type { HeardFrame, LinkAddress, RadioTraits } from '../../ports/radio.js';
import { LINE_BITS_PER_BYTE } from './limits.js';
import { EVERYBODY, readAir, writeAir } from './messages.js';

/** Radio packets cost the battery of who sends them and of all who listen. */
const AIR_COST = 2;

const HEX = /^[0-9a-f]{8}$/;

/** How a station is named. */
export const airText = (address: number): LinkAddress => address.toString(16).padStart(8, '0');

/** Frames of this length stand for a turn on the air: who would answer waits up to so many of them, at random. */
export const TURN_BYTES = 40;
export const TURNS_MAX = 4.5;

export const airTraits = (bitsPerSecond: number, mtuBytes: number): RadioTraits => ({
  mtuBytes,
  broadcast: true,
  connected: false,
  reliable: false,
  bitsPerSecond,
  latencyMs: Math.ceil((TURNS_MAX * TURN_BYTES * LINE_BITS_PER_BYTE * 1_000) / bitsPerSecond),
  overhears: true,
  dutyCycle: 1,
  costPerByte: AIR_COST,
});

/** One node on an air that several share: puts addresses on frames, and takes those that are for it. */
export class AirStation {
  readonly address: number;
  readonly text: LinkAddress;

  constructor(address: number) {
    this.address = address;
    this.text = airText(address);
  }

  /** The packet of a frame, or `undefined` when the address is none. */
  packet(frame: Uint8Array, to: LinkAddress | undefined): Uint8Array | undefined {
    if (to !== undefined && !HEX.test(to)) return undefined;
    const target = to === undefined ? EVERYBODY : Number.parseInt(to, 16);
    return target === this.address ? undefined : writeAir({ from: this.address, to: target, frame });
  }

  /** The frame in a packet, for this node or overheard; `undefined` when it is our own echo or malformed. */
  take(body: Uint8Array): HeardFrame | undefined {
    const packet = readAir(body);
    if (packet === undefined || packet.from === this.address) return undefined;
    const isForAnother = packet.to !== EVERYBODY && packet.to !== this.address;
    return { from: airText(packet.from), bytes: packet.frame, ...(isForAnother && { overheard: true }) };
  }
}
