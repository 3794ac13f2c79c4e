import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { overheadBytes } from '../wire/header.js';
import type { AirContent, AirTurns } from './air-turns.js';
import { airtimeMs, type Carrier, isSlowAir } from './carrier.js';
import { framesFor } from './cut-frames.js';
import type { Drip } from './drip.js';
import { compareHashes, partsFor, readHashes, writeHashes } from './drip-hashes.js';
import { type DripItem, DripKind, dripBody, keyOfItem } from './drip-items.js';
import { type Egress, earlier, localHeader } from './egress.js';
import type { MeshContext } from './types.js';

/** Before it says what it holds a node waits so many of such a frame's airtimes, at random: another may do it. */
const WAIT_AIRTIMES = 12;
const SAID_EVERY_MS = 600_000;
/** Beats first: they vouch for what their authors say. */
const PRIORITY_OF = {
  [DripKind.Beat]: Priority.Medium,
  [DripKind.State]: Priority.Low,
  [DripKind.Alert]: Priority.High,
  [DripKind.Segment]: Priority.Low,
};
/** Relays are no concern of what each neighbour takes up itself. */
const ENDLESS_TTL = 255;

interface Telling {
  readonly carrier: Carrier;
  dueAt: number | undefined;
  saidAt: number;
  part: number;
}

/**
 * Drip over slow air: each item in one transmission for all in earshot, by the nodes whose turn it is. Where digests
 * differ somebody says what it holds, in two bytes an item, and who holds more sends that.
 */
export class AirDrip {
  readonly #context: MeshContext;
  readonly #egress: Egress;
  readonly #turns: AirTurns;
  readonly #drip: () => Drip;
  readonly #nextSequence: () => number;
  /** Whether a node is heard over this carrier: what others say came another way. */
  readonly #isHeard: (carrier: Carrier, node: NodeId) => boolean;
  readonly #tellings = new Map<number, Telling>();

  constructor(
    context: MeshContext,
    egress: Egress,
    turns: AirTurns,
    drip: () => Drip,
    nextSequence: () => number,
    isHeard: (carrier: Carrier, node: NodeId) => boolean,
  ) {
    this.#isHeard = isHeard;
    this.#context = context;
    this.#egress = egress;
    this.#turns = turns;
    this.#drip = drip;
    this.#nextSequence = nextSequence;
  }

  carrierUp(carrier: Carrier): void {
    if (!isSlowAir(carrier)) return;
    this.#tellings.set(carrier.index, { carrier, dueAt: undefined, saidAt: Number.NEGATIVE_INFINITY, part: 0 });
  }

  carrierDown(carrier: Carrier): void {
    this.#tellings.delete(carrier.index);
  }

  /** An item is new here, or newer; `from` said it. */
  spread(item: DripItem, from: NodeId | undefined, now: Instant): void {
    for (const { carrier } of this.#tellings.values()) {
      const name = keyOfItem(item);
      this.#begin(carrier, item, 1, now);
      if (from !== undefined && this.#isHeard(carrier, from)) this.#turns.heard(name, carrier, from, ENDLESS_TTL, now);
    }
  }

  /** A neighbour said what is here already. */
  heardAgain(item: DripItem, from: NodeId, now: Instant): void {
    for (const { carrier } of this.#tellings.values())
      if (this.#isHeard(carrier, from)) this.#turns.heard(keyOfItem(item), carrier, from, ENDLESS_TTL, now);
  }

  /** A neighbour said something older: it is told this, once for all who heard that, by whose turn it is. False where it is not heard. */
  lacked(item: DripItem, from: NodeId, now: Instant): boolean {
    let isHeard = false;
    for (const { carrier } of this.#tellings.values()) {
      if (!this.#isHeard(carrier, from)) continue;
      isHeard = true;
      this.#lacks(carrier, item, from, now);
    }
    return isHeard;
  }

  /** A neighbour lacks this, and messages wait for it there, or people. */
  wanted(carrier: Carrier, item: DripItem, from: NodeId, now: Instant): void {
    this.#lacks(carrier, item, from, now);
    this.#turns.hurry(keyOfItem(item), carrier, now);
  }

  /** A neighbour over this carrier holds something else, or we need what it may hold: say what we hold. */
  differs(carrier: Carrier, now: Instant): void {
    const telling = this.#tellings.get(carrier.index);
    if (!telling || telling.dueAt !== undefined || this.#turns.isBusy(carrier)) return;
    const onceMs = airtimeMs(carrier.traits, carrier.traits.mtuBytes);
    telling.dueAt =
      Math.max(carrier.load.opensAt(now.mono), telling.saidAt + SAID_EVERY_MS) +
      this.#context.random.below(Math.ceil(WAIT_AIRTIMES * onceMs));
  }

  /** What a neighbour holds: it is sent what it lacks; what we lack we ask for by saying what we hold. */
  received(carrier: Carrier, from: NodeId, payload: Uint8Array, now: Instant): void {
    const said = readHashes(payload);
    if (!said) return this.#context.counters.refuse('drip.malformed');
    const telling = this.#tellings.get(carrier.index);
    if (!telling) return;
    const { lacking, unknown } = compareHashes(this.#drip().items(), said);
    for (const item of lacking) this.#lacks(carrier, item, from, now);
    telling.dueAt = undefined;
    if (unknown > 0) this.differs(carrier, now);
  }

  tick(now: Instant): void {
    for (const telling of this.#tellings.values()) {
      if (telling.dueAt === undefined || telling.dueAt > now.mono) continue;
      telling.dueAt = undefined;
      telling.saidAt = now.mono;
      const take = (): Uint8Array => this.#hashes(telling);
      this.#egress.sendOpen(telling.carrier, { priority: Priority.Low, take }, now);
    }
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const { dueAt } of this.#tellings.values()) earliest = earlier(earliest, dueAt);
    return earliest;
  }

  #lacks(carrier: Carrier, item: DripItem, from: NodeId, now: Instant): void {
    const name = keyOfItem(item);
    if (this.#turns.lacks(name, carrier, from, now)) return;
    this.#begin(carrier, item, 0, now);
    this.#turns.lacks(name, carrier, from, now);
  }

  #begin(carrier: Carrier, item: DripItem, lack: number, now: Instant): void {
    const start = { source: item.source, priority: PRIORITY_OF[item.kind], holders: [], lack };
    this.#turns.begin(keyOfItem(item), carrier, this.#contentOf(item, carrier), start, now);
  }

  #contentOf(item: DripItem, carrier: Carrier): AirContent {
    const context = this.#context;
    const body = (now: Instant): Uint8Array => dripBody([item], now, true);
    return {
      ttl: ENDLESS_TTL + 1,
      own: item.source === context.self.id,
      bytes: item.body.length + overheadBytes(0) + 24,
      background: true,
      suppressed: () => {},
      build: (_tries, now) => {
        // What is newer spreads in its place.
        if (this.#drip().rankOf(item.kind, item.source, item.rank) !== item.rank) return undefined;
        const [first, ...rest] = this.#frames(FrameType.Drip, body(now), carrier);
        for (const frame of rest)
          this.#egress.sendOpen(carrier, { priority: PRIORITY_OF[item.kind], take: () => frame }, now);
        return first;
      },
    };
  }

  #hashes(telling: Telling): Uint8Array {
    const { carrier } = telling;
    const items = this.#drip().items();
    const bodyBytes = carrier.traits.mtuBytes - overheadBytes(0);
    const parts = partsFor(items.length, bodyBytes);
    const part = telling.part++ % parts;
    const body = writeHashes(items, { salt: this.#context.random.u32(), part, parts }, bodyBytes);
    return this.#frames(FrameType.DripHashes, body, carrier)[0] as Uint8Array;
  }

  #frames(type: FrameType, payload: Uint8Array, carrier: Carrier): Uint8Array[] {
    this.#context.counters.countSent(type);
    const header = localHeader(this.#context, type, Priority.Medium, this.#nextSequence());
    return framesFor({ header, payload }, carrier.traits.mtuBytes, this.#context.tagKey);
  }
}
