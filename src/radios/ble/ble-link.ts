import { concat } from '../../core/bytes.js';
import { BleLimit } from './limits.js';
import {
  decodePacket,
  encodeCredits,
  encodeFragment,
  encodeGreeting,
  encodeRenamed,
  encodeView,
  FIRST,
  FRAGMENT_HEADER_BYTES,
  type Greeting,
  LAST,
  LINK_VERSION,
  type LinkPacket,
  type Name,
  PacketKind,
  type View,
} from './link-packets.js';

export interface BleLinkEvents {
  /** The other side said who it is; frames may follow. */
  greeted(greeting: Greeting): void;
  renamed(name: Name): void;
  viewed(view: View): void;
  frame(bytes: Uint8Array): void;
  /** It broke a rule or the carrier failed; the link is to be ended. Said once. */
  broken(reason: string): void;
}

export interface BleLinkOptions {
  /** Largest attribute value, in bytes. */
  readonly packetBytes: number;
  readonly events: BleLinkEvents;
  /** Hands one value to the stack. May throw. */
  write(packet: Uint8Array): void;
  /** Monotonic milliseconds. */
  now(): number;
}

/**
 * Frames over one GATT link. Neither stack pushes back, so each side grants the other a window of fragments and gives
 * credits back as it takes them; what has no credit waits here, bounded.
 */
export class BleLink {
  readonly #options: BleLinkOptions;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Bytes of the first waiting frame already sent. */
  #sent = 0;
  #credits = 0;
  #window = 0;
  /** Fragments the other side may still send, and those taken but not given back yet. */
  #granted: number = BleLimit.Window;
  #owed = 0;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #greeted = false;
  #broken = false;
  #stalledSince: number | undefined;
  #frameBytes: number = BleLimit.FrameBytes;
  heardAt: number;
  saidAt: number;

  constructor(options: BleLinkOptions) {
    this.#options = options;
    this.heardAt = options.now();
    this.saidAt = this.heardAt;
  }

  get isUp(): boolean {
    return this.#greeted && !this.#broken;
  }

  /** Largest frame both sides take. */
  get frameBytes(): number {
    return this.#frameBytes;
  }

  /** Since when frames have waited without a single credit. */
  get stalledSince(): number | undefined {
    return this.#stalledSince;
  }

  greet(name: Name): void {
    const own = { version: LINK_VERSION, window: BleLimit.Window, frameBytes: BleLimit.FrameBytes };
    this.#write(encodeGreeting({ ...own, ...name }));
  }

  rename(name: Name): void {
    if (this.isUp) this.#write(encodeRenamed(name));
  }

  tell(view: View): void {
    if (this.isUp) this.#write(encodeView(view));
  }

  send(frame: Uint8Array): 'queued' | 'full' | 'down' {
    if (!this.isUp || frame.length > this.#frameBytes) return 'down';
    const isFull =
      this.#waiting.length >= BleLimit.QueuedFrames || this.#waitingBytes + frame.length > BleLimit.QueuedBytes;
    if (isFull) return 'full';
    this.#waiting.push(new Uint8Array(frame));
    this.#waitingBytes += frame.length;
    this.#pump();
    return 'queued';
  }

  receive(bytes: Uint8Array): void {
    if (this.#broken) return;
    this.heardAt = this.#options.now();
    const packet = decodePacket(bytes);
    if (packet === undefined) return this.#break('sent a packet that is none of ours');
    if (this.#greeted === (packet.kind === PacketKind.Greeting))
      return this.#break(this.#greeted ? 'greeted twice' : 'sent data before greeting');
    this.#take(packet);
  }

  #take(packet: LinkPacket): void {
    switch (packet.kind) {
      case PacketKind.Greeting:
        if (packet.version !== LINK_VERSION) return this.#break(`speaks version ${packet.version} of the link`);
        if (packet.window === 0 || packet.frameBytes < 64) return this.#break('greeted with nothing to send into');
        this.#greeted = true;
        this.#window = packet.window;
        this.#credits = packet.window;
        this.#frameBytes = Math.min(BleLimit.FrameBytes, packet.frameBytes);
        return this.#options.events.greeted(packet);
      case PacketKind.Renamed:
        return this.#options.events.renamed(packet);
      case PacketKind.View:
        return this.#options.events.viewed(packet);
      case PacketKind.Credits:
        return this.#credited(packet.credits);
      case PacketKind.Fragment:
        return this.#fragment(packet);
    }
  }

  #credited(credits: number): void {
    this.#credits += credits;
    if (this.#credits > this.#window) return this.#break('gave more credits than it had granted');
    if (credits > 0) this.#pump();
  }

  #fragment({ first, last, credits, bytes }: Extract<LinkPacket, { bytes: Uint8Array }>): void {
    if (--this.#granted < 0) return this.#break('sent more fragments than it had credits for');
    if (first !== (this.#partsBytes === 0)) return this.#break('sent fragments out of order');
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
    if (this.#partsBytes > BleLimit.FrameBytes) return this.#break('sent a frame that never ends');
    this.#credited(credits);
    this.#owed++;
    if (last && !this.#broken) {
      const frame = concat(...this.#parts);
      this.#parts = [];
      this.#partsBytes = 0;
      this.#options.events.frame(frame);
    }
    if (this.#owed >= BleLimit.Window / 2) this.#write(encodeCredits(this.#giveBack()));
  }

  #giveBack(): number {
    const owed = this.#owed;
    this.#owed = 0;
    this.#granted += owed;
    return owed;
  }

  #pump(): void {
    const room = this.#options.packetBytes - FRAGMENT_HEADER_BYTES;
    while (this.#credits > 0 && !this.#broken) {
      const frame = this.#waiting[0];
      if (frame === undefined) break;
      const part = frame.subarray(this.#sent, this.#sent + room);
      const flags = (this.#sent === 0 ? FIRST : 0) | (this.#sent + part.length === frame.length ? LAST : 0);
      this.#credits--;
      this.#sent += part.length;
      if (flags & LAST) {
        this.#waiting.shift();
        this.#waitingBytes -= frame.length;
        this.#sent = 0;
      }
      this.#write(encodeFragment(flags, this.#giveBack(), part));
    }
    const stalls = this.#credits === 0 && this.#waiting.length > 0;
    this.#stalledSince = stalls ? (this.#stalledSince ?? this.#options.now()) : undefined;
  }

  #write(packet: Uint8Array): void {
    if (this.#broken) return;
    this.saidAt = this.#options.now();
    try {
      this.#options.write(packet);
    } catch {
      this.#break('the stack refused a packet');
    }
  }

  #break(reason: string): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#waiting.length = 0;
    this.#parts = [];
    this.#options.events.broken(reason);
  }
}
