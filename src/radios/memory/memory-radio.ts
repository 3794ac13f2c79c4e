import { EdgeError } from '../../core/errors.js';
import type {
  HeardFrame,
  LinkAddress,
  Radio,
  RadioCondition,
  RadioCounters,
  RadioEvents,
  RadioProbe,
  RadioTraits,
  SendResult,
} from '../../ports/radio.js';
import { RadioKind } from '../../ports/radio.js';

/** What a radio asks of the air it is in. */
export interface Carrier {
  enter(radio: MemoryRadio): void;
  leave(radio: MemoryRadio, reason: string): void;
  transmit(radio: MemoryRadio, frame: Uint8Array, to: LinkAddress | undefined): SendResult;
  unlink(radio: MemoryRadio, address: LinkAddress): void;
}

export class MemoryRadio implements Radio {
  readonly kind = RadioKind.Memory;
  readonly name: string;
  readonly address: LinkAddress;
  readonly traits: RadioTraits;
  readonly #carrier: Carrier;
  readonly #counters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };
  #events: RadioEvents | undefined;
  #condition: RadioCondition = 'down';
  #closed = false;

  constructor(address: LinkAddress, traits: RadioTraits, carrier: Carrier) {
    this.address = address;
    this.name = `memory:${address}`;
    this.traits = traits;
    this.#carrier = carrier;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async probe(): Promise<RadioProbe> {
    return { ok: this.#condition !== 'retrying', detail: 'simulated air' };
  }

  async open(events: RadioEvents): Promise<void> {
    if (this.#events !== undefined || this.#closed) {
      throw new EdgeError('radio.open', `${this.name} was opened before.`, { status: 409, fix: 'Make a new radio.' });
    }
    this.#events = events;
    this.#carrier.enter(this);
    this.#become('up');
  }

  send(frame: Uint8Array, to?: LinkAddress): SendResult {
    if (this.#condition !== 'up') return 'down';
    if (frame.length === 0 || frame.length > this.traits.mtuBytes || (to === undefined && !this.traits.broadcast)) {
      this.#counters.errors += 1;
      return 'down';
    }
    const result = this.#carrier.transmit(this, frame, to);
    if (result === 'queued') {
      this.#counters.framesOut += 1;
      this.#counters.bytesOut += frame.length;
    } else if (result === 'down') this.#counters.errors += 1;
    return result;
  }

  drop(address: LinkAddress): void {
    if (this.traits.connected && !this.#closed) this.#carrier.unlink(this, address);
  }

  localAddresses(): readonly string[] {
    return [this.address];
  }

  counters(): RadioCounters {
    return { ...this.#counters };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#condition === 'up') this.#carrier.leave(this, 'the other side closed');
    this.#become('down', 'closed');
  }

  /** The simulated hardware fails, or is mended. */
  fail(reason: string): void {
    if (this.#condition !== 'up') return;
    this.#carrier.leave(this, reason);
    this.#become('retrying', reason);
  }

  mend(): void {
    if (this.#condition !== 'retrying') return;
    this.#carrier.enter(this);
    this.#become('up');
  }

  deliver(frames: readonly HeardFrame[]): void {
    if (this.#condition !== 'up') return;
    this.#counters.framesIn += frames.length;
    for (const { bytes } of frames) this.#counters.bytesIn += bytes.length;
    this.#events?.heard(frames);
  }

  linkChanged(address: LinkAddress, mtuBytes: number, downReason: string | undefined): void {
    if (this.#closed) return;
    if (downReason === undefined) this.#events?.linkUp(address, mtuBytes);
    else this.#events?.linkDown(address, downReason);
  }

  #become(condition: RadioCondition, reason?: string): void {
    this.#condition = condition;
    this.#events?.condition(condition, reason);
  }
}
