import { EdgeError } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import {
  type LinkAddress,
  type Radio,
  type RadioCondition,
  type RadioCounters,
  type RadioEvents,
  RadioKind,
  type RadioProbe,
  type RadioTraits,
  type SendResult,
} from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import { DutyMeter } from './duty-meter.js';
import type { LoraAir } from './lora-air.js';
import { LORA_MTU_BYTES, loraTraits, symbolMs } from './modem.js';

const QUEUE_FRAMES = 2;
/** What a radio without addresses says of who sent. */
const ANONYMOUS: LinkAddress = 'air';

/** How a radio takes its turn: it listens first, and where somebody speaks it waits a random number of slots. */
export interface TurnTaking {
  /** Two bits of channel activity detection, and the turn from receiving to sending. */
  readonly slotMs: number;
  /** Of slots before the first look: one of so many at random. */
  readonly firstSlots: number;
  /** After a busy look one of so many, doubled with each look up to `mostSlots`. */
  readonly busySlots: number;
  readonly mostSlots: number;
}

export interface LoraRadioOptions {
  readonly air: LoraAir;
  readonly node: number;
  readonly clock: Clock;
  readonly random: Random;
  /** It says who sent, and takes only what is for it or for all; else everything is from `air`, and for all. */
  readonly addresses: boolean;
  /** With addresses: it hands over what is for others too, as overheard. */
  readonly overhears?: boolean;
  readonly turns?: Partial<TurnTaking>;
  /** Frames in the radio, the one being sent included; a further one is `full`. Default 2. */
  readonly queueFrames?: number;
}

const loraAddress = (node: number): LinkAddress => `n${node}`;

/** Meshtastic's slot: detection takes two symbols and a half, and the turn from receiving to sending 7.6 ms. */
const turnTaking = (air: LoraAir): TurnTaking => ({
  slotMs: 2.5 * symbolMs(air.modem) + 7.6,
  firstSlots: 1,
  busySlots: 4,
  mostSlots: 32,
});

const ADDRESS = /^n\d{1,9}$/;

/** As `loraAddress` names it. */
const nodeOf = (address: LinkAddress): number | undefined =>
  ADDRESS.test(address) ? Number(address.slice(1)) : undefined;

/** The longest frame that region and hardware take. */
function longestFrame({ region, frameMs }: Pick<LoraAir, 'region' | 'frameMs'>): number {
  let bytes = LORA_MTU_BYTES;
  while (bytes > 1 && region.dwellMs !== undefined && frameMs(bytes) > region.dwellMs) bytes--;
  return bytes;
}

interface Waiting {
  readonly frame: Uint8Array;
  readonly to: number | undefined;
}

/** A node's LoRa radio as the engine has it: a short queue, listen before talk, and no more airtime than the law allows. */
export class LoraRadio implements Radio {
  readonly kind = RadioKind.Memory;
  readonly name: string;
  readonly traits: RadioTraits;
  readonly #options: LoraRadioOptions;
  readonly #turns: TurnTaking;
  readonly #duty: DutyMeter;
  readonly #queue: Waiting[] = [];
  readonly #counters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };
  #events: RadioEvents | undefined;
  #condition: RadioCondition = 'down';
  #isClosed = false;
  #timer: Timer | undefined;
  #slots: number;

  constructor(options: LoraRadioOptions) {
    const { air, node, turns } = options;
    this.#options = options;
    this.#turns = { ...turnTaking(air), ...turns };
    this.#slots = this.#turns.busySlots;
    this.name = `lora:${loraAddress(node)}`;
    const { dutyCycle } = air.region;
    const frameMs = (bytes: number): number => air.frameMs(bytes);
    const mtuBytes = longestFrame({ region: air.region, frameMs });
    const latencyMs = this.#turns.slotMs * this.#turns.busySlots;
    const overhears = options.addresses && options.overhears === true;
    this.traits = { ...loraTraits(air.modem, dutyCycle, latencyMs), mtuBytes, ...(overhears && { overhears }) };
    this.#duty = new DutyMeter(dutyCycle);
  }

  async probe(): Promise<RadioProbe> {
    return { ok: this.#condition !== 'retrying', detail: `simulated LoRa, ${this.#options.air.modem.name}` };
  }

  async open(events: RadioEvents): Promise<void> {
    if (this.#events !== undefined || this.#isClosed)
      throw new EdgeError('radio.open', `${this.name} was opened before.`, { status: 409, fix: 'Make a new radio.' });
    this.#events = events;
    this.#switchOn();
  }

  send(frame: Uint8Array, to?: LinkAddress): SendResult {
    if (this.#condition !== 'up') return 'down';
    const target = to === undefined || !this.#options.addresses ? undefined : nodeOf(to);
    const isNowhere = this.#options.addresses && to !== undefined && target === undefined;
    if (frame.length === 0 || frame.length > this.traits.mtuBytes || isNowhere) {
      this.#counters.errors += 1;
      return 'down';
    }
    if (this.#queue.length >= (this.#options.queueFrames ?? QUEUE_FRAMES)) return 'full';
    this.#queue.push({ frame: frame.slice(), to: target });
    if (this.#queue.length === 1) this.#wait(this.#options.random.below(this.#turns.firstSlots));
    return 'queued';
  }

  drop(): void {}

  localAddresses(): readonly string[] {
    return [loraAddress(this.#options.node)];
  }

  counters(): RadioCounters {
    return { ...this.#counters };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#switchOff('down', 'closed');
  }

  /** The hardware fails, or is mended. */
  fail(reason: string): void {
    if (this.#condition === 'up') this.#switchOff('retrying', reason);
  }

  mend(): void {
    if (this.#condition === 'retrying') this.#switchOn();
  }

  #switchOn(): void {
    const { air, node } = this.#options;
    air.switchOn(node, {
      heard: (packet, from, snrDb, to) => this.#hear(packet, from, snrDb, to),
      sent: () => this.#sent(),
    });
    this.#become('up');
  }

  #switchOff(condition: RadioCondition, reason: string): void {
    if (this.#condition === 'up') this.#options.air.switchOff(this.#options.node);
    this.#timer?.cancel();
    this.#queue.length = 0;
    this.#become(condition, reason);
  }

  #wait(slots: number): void {
    this.#timer = this.#options.clock.timer('lora.turn', slots * this.#turns.slotMs, () => this.#look());
  }

  /** Sends what is first in the queue unless it must wait. */
  #look(): void {
    const { air, node, clock, random } = this.#options;
    const [first] = this.#queue;
    if (first === undefined) return;
    const now = clock.now();
    const allowedAt = this.#duty.readyAt(air.frameMs(first.frame.length), now);
    if (allowedAt > now) {
      this.#timer = clock.timer('lora.duty', allowedAt - now, () => this.#look());
    } else if (air.isReceiving(node) || air.isBusy(node)) {
      this.#wait(1 + random.below(this.#slots));
      this.#slots = Math.min(this.#turns.mostSlots, this.#slots * 2);
    } else this.#transmit(first);
  }

  #transmit({ frame, to }: Waiting): void {
    const { air, node, clock } = this.#options;
    this.#slots = this.#turns.busySlots;
    this.#duty.used(air.transmit(node, frame, to), clock.now());
    this.#counters.framesOut += 1;
    this.#counters.bytesOut += frame.length;
  }

  #sent(): void {
    this.#queue.shift();
    if (this.#queue.length > 0) this.#wait(this.#options.random.below(this.#turns.busySlots));
  }

  #hear(bytes: Uint8Array, from: number, snrDb: number, to: number | undefined): void {
    const { addresses, overhears = false, node } = this.#options;
    const isForAnother = addresses && to !== undefined && to !== node;
    if (isForAnother && !overhears) return;
    this.#counters.framesIn += 1;
    this.#counters.bytesIn += bytes.length;
    const address = addresses ? loraAddress(from) : ANONYMOUS;
    this.#events?.heard([{ from: address, bytes, snrDb, ...(isForAnother && { overheard: true }) }]);
  }

  #become(condition: RadioCondition, reason?: string): void {
    this.#condition = condition;
    this.#events?.condition(condition, reason);
  }
}
