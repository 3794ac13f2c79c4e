import { CREDIT_DELAY_MS } from './limits.js';

const WRAP = 0x10000;
const distance = (from: number, to: number): number => (to - from + WRAP) % WRAP;

/**
 * Flow control of one direction on its sending side: never more bytes under way than the other side holds. Offsets
 * count bytes of frames modulo 65,536, so that what the line swallowed frees its room with the next frame that arrives.
 */
export class SendCredit {
  readonly #windowBytes: number;
  #sent = 0;
  #taken = 0;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  get inFlight(): number {
    return distance(this.#taken, this.#sent);
  }

  get sent(): number {
    return this.#sent;
  }

  hasRoom(bytes: number): boolean {
    return this.inFlight + bytes <= this.#windowBytes;
  }

  /** Accounts a frame; answers the offset it goes under. */
  spend(bytes: number): number {
    const offset = this.#sent;
    this.#sent = (this.#sent + bytes) % WRAP;
    return offset;
  }

  /** The other side took everything up to here. False when that cannot be, and nothing changes. */
  taken(offset: number): boolean {
    if (distance(this.#taken, offset) > this.inFlight) return false;
    this.#taken = offset;
    return true;
  }
}

/** Flow control of one direction on its receiving side: when to tell the other how far this side is. */
export class ReceiveCredit {
  readonly #quarterBytes: number;
  #expected = 0;
  #told = 0;
  #dueAt: number | undefined;

  constructor(windowBytes: number) {
    this.#quarterBytes = Math.floor(windowBytes / 4);
  }

  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  /** A frame arrived; answers how many bytes before it did not. */
  received(offset: number, bytes: number, now: number): number {
    const gap = distance(this.#expected, offset);
    this.#expected = (offset + bytes) % WRAP;
    const untold = distance(this.#told, this.#expected);
    this.#dueAt = untold >= this.#quarterBytes ? now : (this.#dueAt ?? now + CREDIT_DELAY_MS);
    return gap;
  }

  /** The other side says how much it has sent: all of that has arrived by now, or never will. */
  asked(offset: number): number {
    const gap = distance(this.#expected, offset);
    this.#expected = offset;
    return gap;
  }

  /** The offset to tell now. */
  tell(): number {
    this.#told = this.#expected;
    this.#dueAt = undefined;
    return this.#expected;
  }
}
