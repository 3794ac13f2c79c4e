import { symbolMs } from '../lora/modem.js';
import type { LoraRival, LoraRivalContext } from './lora-rival.js';
import { packetKey, RIVAL_HEADER_BYTES, type RivalPacket, readPacket, writePacket } from './packet.js';

/** Time for processing and relaying that a retransmission waits for. */
const PROCESSING_MS = 4_500;
/** Retransmissions of a message's origin while nobody was heard relaying it (`NextHopRouter.h`). */
const RETRANSMISSIONS = 3;
/** Packets waiting in a node (`MeshPacketQueue`, `MAX_TX_QUEUE`); a further one is not sent. */
const QUEUE_MAX = 16;
const SNR_MIN_DB = -20;
const CW_MAX = 8;
/** What a slot has besides channel activity detection: propagation, turn-around, processing. */
const SLOT_REST_MS = 7.6;

/** Constants that differ between the firmware and its simulator. */
export interface MeshtasticRules {
  readonly name: string;
  /** Symbols of channel activity detection in a slot. */
  readonly slotSymbols: number;
  readonly cwMin: number;
  readonly snrMaxDb: number;
  /** Clients wait so many slots before their window, which belong to routers. */
  readonly clientOffset: number;
  /** The origin's repetition counts as another's relay; else who has relayed it does so once more, and who waits waits on. */
  readonly repetitionCancels: boolean;
  /** The simulator's noise is a constant, -119.25 dBm; so it takes signals for better than the modem does. */
  readonly noiseDbm?: number;
}

/** Meshtasticator `lib/mac.py`, `lib/phy.py`, `lib/config.py` (2026-03): what the figures published with it have. */
export const SIMULATOR_RULES: MeshtasticRules = {
  name: 'simulator',
  slotSymbols: 8.5,
  cwMin: 2,
  snrMaxDb: 15,
  clientOffset: 0,
  repetitionCancels: true,
  noiseDbm: -119.25,
};

/** Firmware `RadioInterface.cpp`, `RadioInterface.h` (2.7, 2026): windows of 2^3 to 2^8 slots, clients after 16 slots. */
export const FIRMWARE_RULES: MeshtasticRules = {
  name: 'firmware',
  slotSymbols: 2.5,
  cwMin: 3,
  snrMaxDb: 10,
  clientOffset: 2 * CW_MAX,
  repetitionCancels: false,
};

interface Queued {
  readonly packet: RivalPacket;
  readonly payloadBytes: number;
  /** Of the copy that came; absent for one of our own. */
  readonly snrDb: number | undefined;
}

/** What a node knows of a message. */
interface Story {
  /** Copies heard. */
  copies: number;
  /** Relayed, or queued to be. */
  handled: boolean;
}

/**
 * Meshtastic's managed flooding for broadcasts, all nodes clients: who heard a message weakly relays it first, who hears
 * another relay it meanwhile does not, and the origin repeats it up to three times while it hears nobody relay it.
 */
export class Meshtastic implements LoraRival {
  readonly #context: LoraRivalContext;
  readonly #rules: MeshtasticRules;
  readonly #slotMs: number;
  readonly #stories = new Map<number, Story>();
  readonly #queue: Queued[] = [];
  #heardMs = 0;

  constructor(context: LoraRivalContext, rules: MeshtasticRules) {
    const { air, node } = context;
    this.#context = context;
    this.#rules = rules;
    this.#slotMs = rules.slotSymbols * symbolMs(air.modem) + SLOT_REST_MS;
    air.switchOn(node, {
      sent: () => {
        this.#queue.shift();
        if (this.#queue.length > 0) this.#wait();
      },
      heard: (frame, _from, snrDb) => this.#hear(frame, snrDb),
    });
  }

  send(id: number, payloadBytes: number): void {
    const { node, hopLimit } = this.#context;
    const packet = { origin: node, id, hopLimit, hops: 0 };
    this.#story(packet).handled = true;
    this.#originate({ packet, payloadBytes, snrDb: undefined }, RETRANSMISSIONS);
  }

  #originate(queued: Queued, more: number): void {
    const { clock, air } = this.#context;
    this.#enqueue(queued);
    const airtime = air.frameMs(RIVAL_HEADER_BYTES + queued.payloadBytes);
    const window =
      2 ** this.#loadWindow() + 2 ** Math.floor((CW_MAX + this.#rules.cwMin) / 2) + this.#rules.clientOffset;
    clock.timer('rival.again', 2 * airtime + window * this.#slotMs + PROCESSING_MS, () => {
      if (more > 0 && this.#story(queued.packet).copies === 0) this.#originate(queued, more - 1);
    });
  }

  #hear(frame: Uint8Array, snrDb: number): void {
    const { air, node } = this.#context;
    const packet = readPacket(frame);
    const story = this.#story(packet);
    const isRepetition = story.copies > 0 && packet.hops === 0 && packet.origin !== node;
    if (!isRepetition || this.#rules.repetitionCancels) story.copies += 1;
    else if (!this.#queue.some((queued) => packetKey(queued.packet) === packetKey(packet))) story.handled = false;
    this.#heardMs += air.frameMs(frame.length);
    // Of our own: somebody relayed it, which is all the acknowledgement there is.
    if (packet.origin === node) return;
    if (story.copies === 1 && !isRepetition) this.#context.delivered(packet);
    if (story.handled || packet.hopLimit === 0) return;
    story.handled = true;
    const onward = { ...packet, hopLimit: packet.hopLimit - 1, hops: packet.hops + 1 };
    this.#enqueue({ packet: onward, payloadBytes: frame.length - RIVAL_HEADER_BYTES, snrDb });
  }

  #enqueue(queued: Queued): void {
    if (this.#queue.length >= QUEUE_MAX) return;
    this.#queue.push(queued);
    if (this.#queue.length === 1) this.#wait();
  }

  #wait(): void {
    const [first] = this.#queue;
    const { clock } = this.#context;
    if (first !== undefined) clock.timer('rival', this.#slots(first) * this.#slotMs, () => this.#look(first));
  }

  #look(first: Queued): void {
    const { air, node } = this.#context;
    if (air.isSending(node) || air.isReceiving(node) || air.isBusy(node)) {
      this.#wait();
    } else if (this.#isNeedless(first)) {
      this.#queue.shift();
      if (this.#queue.length > 0) this.#wait();
    } else air.transmit(node, writePacket(first.packet, first.payloadBytes));
  }

  /** A relay that another made before us, or a message of our own that was relayed. */
  #isNeedless({ packet, snrDb }: Queued): boolean {
    return this.#story(packet).copies > (snrDb === undefined ? 0 : 1);
  }

  /** Slots to wait: for a relay the more, the better it was heard; else the more, the busier the channel. */
  #slots({ snrDb }: Queued): number {
    const { random, air } = this.#context;
    if (snrDb === undefined) return random.below(2 ** this.#loadWindow());
    const { cwMin, snrMaxDb, clientOffset, noiseDbm = air.noiseDbm } = this.#rules;
    const snr = Math.max(SNR_MIN_DB, Math.min(snrMaxDb, snrDb + air.noiseDbm - noiseDbm));
    const window = Math.floor(((snr - SNR_MIN_DB) * (CW_MAX - cwMin)) / (snrMaxDb - SNR_MIN_DB) + cwMin);
    return clientOffset + random.below(2 ** window);
  }

  #loadWindow(): number {
    const { air, node, clock } = this.#context;
    const share = (this.#heardMs + (air.airtimeMs[node] as number)) / Math.max(1, clock.now());
    const { cwMin } = this.#rules;
    return Math.floor(Math.min(1, share) * (CW_MAX - cwMin) + cwMin);
  }

  #story(packet: RivalPacket): Story {
    const key = packetKey(packet);
    const story = this.#stories.get(key) ?? { copies: 0, handled: false };
    this.#stories.set(key, story);
    return story;
  }
}

export const meshtastic =
  (rules: MeshtasticRules) =>
  (context: LoraRivalContext): LoraRival =>
    new Meshtastic(context, rules);
