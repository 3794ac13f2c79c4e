import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { overheadBytes } from '../wire/header.js';
import { airtimeMs, type Carrier } from './carrier.js';
import { framesFor } from './cut-frames.js';
import { DripKind } from './drip-items.js';
import { type Egress, earlier, localHeader } from './egress.js';
import type { MeshContext } from './types.js';

/** Beats that are asked for at a time, and in one request. Beyond, the one wanted longest is left to the digests. */
export const WANTED_MAX = 64;
const ASKED_MAX = 6;
/** A beat mostly follows the message that made it wanted: it is asked for after so many of its airtimes, and some luck. */
const WAIT_AIRTIMES = 3;
const LUCK_AIRTIMES = 3;
/** Asked again after as many more each time, so often. */
const AGAIN_AIRTIMES = 8;
const ASKS = 4;
/** A beat as it drips. */
const BEAT_BYTES = 215;

interface Wanted {
  dueAt: number;
  asks: number;
  /** To be named in the next request. */
  isDue: boolean;
}

/** Asks all in earshot of slow air for beats that messages wait for, unless another does or they come by themselves. */
export class AirAsking {
  readonly #context: MeshContext;
  readonly #egress: Egress;
  readonly #nextSequence: () => number;
  /** By carrier, then by author. */
  readonly #wanted = new Map<Carrier, Map<NodeId, Wanted>>();

  constructor(context: MeshContext, egress: Egress, nextSequence: () => number) {
    this.#context = context;
    this.#egress = egress;
    this.#nextSequence = nextSequence;
  }

  carrierDown(carrier: Carrier): void {
    this.#wanted.delete(carrier);
  }

  /** Messages of this author wait for its beat. */
  wants(carrier: Carrier, author: NodeId, now: Instant): void {
    const wanted = this.#wanted.get(carrier) ?? new Map<NodeId, Wanted>();
    this.#wanted.set(carrier, wanted);
    if (wanted.has(author)) return;
    wanted.set(author, { dueAt: now.mono + this.#waitMs(carrier, WAIT_AIRTIMES), asks: 0, isDue: false });
    if (wanted.size > WANTED_MAX) wanted.delete(wanted.keys().next().value as NodeId);
  }

  learned(author: NodeId): void {
    for (const wanted of this.#wanted.values()) wanted.delete(author);
  }

  /** The authors that a neighbour asks for; `undefined` when it is malformed. What is asked for already is only waited for. */
  heard(carrier: Carrier, payload: Uint8Array, now: Instant): readonly NodeId[] | undefined {
    const request = decode(Body.DripRequestSchema, payload);
    if (!request || request.entries.length > WANTED_MAX) return undefined;
    const authors: NodeId[] = [];
    for (const { source, kind } of request.entries) {
      if (source.length !== 8 || kind !== DripKind.Beat) continue;
      const author = nodeIdOf(source);
      authors.push(author);
      const wanted = this.#wanted.get(carrier)?.get(author);
      if (wanted) this.#later(carrier, wanted, now);
    }
    return authors;
  }

  tick(now: Instant): void {
    for (const [carrier, wanted] of this.#wanted) {
      const due = [...wanted.values()].filter(({ dueAt }) => dueAt <= now.mono);
      if (due.length === 0) continue;
      const quietAt = carrier.load.quietAt(now.mono);
      if (quietAt > now.mono) {
        for (const each of due) each.dueAt = quietAt + this.#waitMs(carrier, 0);
        continue;
      }
      for (const each of due) {
        this.#later(carrier, each, now);
        each.isDue = true;
      }
      const take = (): Uint8Array | undefined => this.#request(carrier, wanted);
      this.#egress.sendOpen(carrier, { priority: Priority.High, take }, now);
    }
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const wanted of this.#wanted.values())
      for (const { dueAt } of wanted.values()) earliest = earlier(earliest, dueAt);
    return earliest;
  }

  /** It has been asked for: that again, if it must be, later each time. */
  #later(carrier: Carrier, wanted: Wanted, now: Instant): void {
    wanted.isDue = false;
    wanted.asks++;
    wanted.dueAt = now.mono + this.#waitMs(carrier, AGAIN_AIRTIMES * wanted.asks);
  }

  /** Of those that are due at the time of its turn; the youngest first, for what waits for them is still of use. */
  #request(carrier: Carrier, wanted: Map<NodeId, Wanted>): Uint8Array | undefined {
    const due = [...wanted].filter(([, { isDue }]) => isDue).slice(-ASKED_MAX);
    for (const [author, each] of due) {
      each.isDue = false;
      if (each.asks >= ASKS) wanted.delete(author);
    }
    if (due.length === 0) return undefined;
    const entries = due.map(([author]) => ({ source: nodeIdBytes(author), kind: DripKind.Beat, rank: 0n }));
    const header = localHeader(this.#context, FrameType.DripRequest, Priority.High, this.#nextSequence());
    const payload = encode(Body.DripRequestSchema, { entries });
    this.#context.counters.countSent(FrameType.DripRequest);
    return framesFor({ header, payload }, carrier.traits.mtuBytes, this.#context.tagKey)[0];
  }

  #waitMs({ traits }: Carrier, airtimes: number): number {
    const onceMs = airtimeMs(traits, BEAT_BYTES + overheadBytes(0));
    return onceMs * (airtimes + (this.#context.random.below(1_000) / 1_000) * LUCK_AIRTIMES);
  }
}
