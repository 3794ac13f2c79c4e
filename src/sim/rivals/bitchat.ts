import type { Clock, Timer } from '../../ports/clock.js';
import type { LinkAddress, Radio, RadioEvents } from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import { packetKey, RIVAL_HEADER_BYTES, type RivalPacket, readPacket, writePacket } from './packet.js';

/** Hops of a broadcast (`TransportConfig`, `messageTTLDefault`), and in a crowd. */
const TTL = 7;
const CROWDED_TTL = 5;
const CROWD = 6;
const SPARSE = 2;
/** Delay of a relay in ms by the number of links, up to which each holds (`RelayController`). */
const JITTERS: readonly (readonly [links: number, least: number, most: number])[] = [
  [2, 10, 40],
  [5, 60, 150],
  [9, 80, 180],
  [Number.POSITIVE_INFINITY, 100, 220],
];
/** Messages remembered, and how long. */
const SEEN_MAX = 1_000;
const SEEN_MS = 300_000;
/** Of a signed broadcast: header 14, sender 8, signature 64. */
export const BITCHAT_OVERHEAD_BYTES = 86;
const PADDING_BYTES = BITCHAT_OVERHEAD_BYTES - RIVAL_HEADER_BYTES;

export interface BitchatContext {
  readonly node: number;
  readonly radio: Radio;
  readonly clock: Clock;
  readonly random: Random;
  /** A message came here for the first time. */
  delivered(packet: RivalPacket): void;
}

/** How often a message may go on, given what it has left and how many links there are. */
export const relayedTtl = (ttl: number, links: number): number => Math.min(ttl, links >= CROWD ? CROWDED_TTL : TTL) - 1;

/** To how many of so many links a broadcast goes: all of two, then ⌈log₂ n⌉ + 1. */
export const fanOut = (links: number): number =>
  links <= SPARSE ? links : Math.min(links, Math.ceil(Math.log2(links)) + 1);

/**
 * bitchat's relaying of signed broadcasts over links (white paper 2.0 of 2026-07, sections 4 to 6): to some links, chosen
 * by the message, never the one it came by; after a delay by the number of links; not at all once a second copy came.
 */
export class Bitchat {
  readonly #context: BitchatContext;
  readonly #links = new Set<LinkAddress>();
  readonly #seen = new Map<number, number>();
  readonly #waiting = new Map<number, Timer>();
  /** Frames handed to links. */
  sent = 0;
  /** Frames a link had no room for. */
  refused = 0;

  constructor(context: BitchatContext) {
    this.#context = context;
  }

  open(): Promise<void> {
    const events: RadioEvents = {
      heard: (frames) => {
        for (const { from, bytes } of frames) this.#hear(from, bytes);
      },
      linkUp: (address) => void this.#links.add(address),
      linkDown: (address) => void this.#links.delete(address),
      condition: () => {},
    };
    return this.#context.radio.open(events);
  }

  get links(): number {
    return this.#links.size;
  }

  send(id: number, payloadBytes: number): void {
    const packet = { origin: this.#context.node, id, hopLimit: TTL, hops: 0 };
    this.#remember(packetKey(packet));
    this.#spread(packet, payloadBytes + PADDING_BYTES, undefined);
  }

  #hear(from: LinkAddress, bytes: Uint8Array): void {
    const packet = readPacket(bytes);
    const key = packetKey(packet);
    if (this.#isSeen(key)) {
      this.#waiting.get(key)?.cancel();
      this.#waiting.delete(key);
      return;
    }
    this.#remember(key);
    this.#context.delivered(packet);
    const hopLimit = relayedTtl(packet.hopLimit, this.#links.size);
    if (hopLimit <= 0) return;
    const onward = { ...packet, hopLimit, hops: packet.hops + 1 };
    const timer = this.#context.clock.timer('rival', this.#jitterMs(), () => {
      this.#waiting.delete(key);
      this.#spread(onward, bytes.length - RIVAL_HEADER_BYTES, from);
    });
    this.#waiting.set(key, timer);
  }

  #spread(packet: RivalPacket, bytes: number, except: LinkAddress | undefined): void {
    const frame = writePacket(packet, bytes);
    const targets = [...this.#links].filter((link) => link !== except);
    const chosen = targets
      .map((link) => ({ link, rank: rankOf(packetKey(packet) + this.#context.node * 7_919, link) }))
      .sort((a, b) => a.rank - b.rank || (a.link < b.link ? -1 : 1))
      .slice(0, fanOut(targets.length));
    for (const { link } of chosen) {
      if (this.#context.radio.send(frame, link) === 'queued') this.sent += 1;
      else this.refused += 1;
    }
  }

  #jitterMs(): number {
    const [, least, most] = JITTERS.find(([links]) => this.#links.size <= links) as (typeof JITTERS)[number];
    return least + this.#context.random.below(most - least + 1);
  }

  #isSeen(key: number): boolean {
    return (this.#seen.get(key) ?? Number.NEGATIVE_INFINITY) > this.#context.clock.now() - SEEN_MS;
  }

  #remember(key: number): void {
    this.#seen.delete(key);
    this.#seen.set(key, this.#context.clock.now());
    if (this.#seen.size > SEEN_MAX) this.#seen.delete(this.#seen.keys().next().value as number);
  }
}

/** Orders links the same way for a message whenever it is asked; each node in a way of its own, as names of links are its own. */
function rankOf(key: number, link: LinkAddress): number {
  let h = key | 0;
  for (let i = 0; i < link.length; i++) h = Math.imul(h ^ link.charCodeAt(i), 0x9e3779b1) ^ (h >>> 15);
  return Math.imul(h ^ (h >>> 13), 0x85ebca6b) >>> 0;
}
