import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { overheadBytes } from '../wire/header.js';
import type { AirView } from './air-policy.js';
import { AirtimeShare } from './airtime-share.js';
import { airtimeMs, type Carrier, capacityOf, isSlowAir } from './carrier.js';
import { framesFor } from './cut-frames.js';
import { compareHashes, type HashedItem, partsFor, readHashes, writeHashes } from './drip-hashes.js';
import { type DripItem, DripKind } from './drip-items.js';
import { type Egress, earlier, localHeader } from './egress.js';
import type { MeshContext } from './types.js';

/** For so long after an alert came neighbours see to it that all of them have it; it is named longer, for it came later elsewhere. */
const RECENT_MS = 600_000;
const NAMED_MS = 900_000;
/** The first word about it comes after so many frames' times, further ones ever later (RFC 6206). */
const FIRST_TURNS = 16;
const MOST_TURNS = 128;
/** Who hears of one that it lacks says so after so many at most, and again after more each time, so often. */
const ASK_TURNS = 3;
const ASKS_MAX = 8;
/** A neighbour that has heard the same from others with this chance need not hear it from this node. */
const TOLERATED_LACK = 0.25;
/** … nor need one that lacks none with a chance above this, by what was heard of its spread. */
const SURE_LACK = 0.02;
/** A list's frame, and so a turn, about. */
const LIST_BYTES = 32;
const TURN_AIRTIMES = 1.25;
/** Of the channel one node may take with such lists in the long run. */
const SHARE = 1 / 100;
/** Small numbers are short on the wire. */
const SALTS = 128;
/** Parts of what one list names: as many alerts as are held fit into fewer. */
const PARTS_MAX = 16;

interface AirAlertsEvents {
  items(): readonly HashedItem[];
  view(carrier: Carrier): AirView;
  nextSequence(): number;
  /** A neighbour lacks this alert. */
  lacked(carrier: Carrier, item: DripItem, from: NodeId, now: Instant): void;
  /** The chance that a neighbour lacks it, by what was heard of its spread; 1 where nothing was. */
  lackOf(carrier: Carrier, item: DripItem, node: NodeId): number;
  /** A neighbour says that it has it. */
  confirmed(carrier: Carrier, item: DripItem, from: NodeId): void;
}

interface Watch {
  readonly carrier: Carrier;
  readonly share: AirtimeShare;
  readonly turnMs: number;
  intervalTurns: number;
  dueAt: number | undefined;
  /** What a neighbour named and this node lacks is asked for when due, whoever else speaks. */
  asks: number;
  isAsking: boolean;
  /** Since the last word: the chance that a neighbour has heard none like ours. */
  readonly unheard: Map<NodeId, number>;
  part: number;
}

/**
 * Sees to it that no neighbour misses an alert over slow air: for a while after one those who hold it name it in a short
 * frame, by as few as reach everybody, ever more rarely. Who holds another, or lacks one of these, says so at once, and is told.
 */
export class AirAlerts {
  readonly #context: MeshContext;
  readonly #egress: Egress;
  readonly #events: AirAlertsEvents;
  readonly #watches = new Map<number, Watch>();

  constructor(context: MeshContext, egress: Egress, events: AirAlertsEvents) {
    this.#context = context;
    this.#egress = egress;
    this.#events = events;
  }

  carrierUp(carrier: Carrier): void {
    if (!isSlowAir(carrier)) return;
    this.#watches.set(carrier.index, {
      carrier,
      share: new AirtimeShare(capacityOf(carrier.traits) * SHARE),
      turnMs: airtimeMs(carrier.traits, LIST_BYTES) * TURN_AIRTIMES + (carrier.traits.latencyMs ?? 0),
      intervalTurns: FIRST_TURNS,
      dueAt: undefined,
      asks: 0,
      isAsking: false,
      unheard: new Map(),
      part: 0,
    });
  }

  carrierDown(carrier: Carrier): void {
    this.#watches.delete(carrier.index);
  }

  /** An alert is held here that was not before. */
  news(now: Instant): void {
    for (const watch of this.#watches.values()) {
      watch.isAsking = false;
      watch.asks = 0;
      this.#begin(watch, now);
    }
  }

  /** Which alerts a neighbour holds. */
  heard(carrier: Carrier, from: NodeId, payload: Uint8Array, now: Instant): void {
    const watch = this.#watches.get(carrier.index);
    if (!watch) return;
    const said = readHashes(payload);
    if (!said || said.parts > PARTS_MAX) return this.#context.counters.refuse('alert.malformed');
    const held = this.#events.items().filter(({ item }) => item.kind === DripKind.Alert);
    const { lacking, unknown } = compareHashes(held, said);
    const lacks = lacking.filter((item) => ageOf(item, now) < RECENT_MS);
    const notHeld = new Set(lacking);
    for (const { item } of held)
      if (said.parts === 1 && !notHeld.has(item)) this.#events.confirmed(carrier, item, from);
    for (const item of lacks) this.#events.lacked(carrier, item, from, now);
    if (unknown > 0) this.#ask(watch, now);
    else if (lacks.length === 0) this.#heardSame(watch, from, now);
  }

  tick(now: Instant): void {
    for (const watch of this.#watches.values()) {
      if (watch.dueAt === undefined || watch.dueAt > now.mono) continue;
      watch.dueAt = undefined;
      const { isAsking, turnMs } = watch;
      const isWanted = isAsking || this.#isUnheard(watch, now);
      if (isWanted && watch.share.isOpen(now.mono)) this.#say(watch, now);
      watch.unheard.clear();
      if (isAsking) {
        watch.asks++;
        watch.isAsking = watch.asks < ASKS_MAX;
        if (watch.isAsking) watch.dueAt = now.mono + this.#luckMs(turnMs * ASK_TURNS * 2 ** watch.asks);
      }
      if (watch.dueAt !== undefined || !this.#isRecent(now)) continue;
      watch.intervalTurns *= 2;
      if (watch.intervalTurns <= MOST_TURNS) this.#schedule(watch, now);
    }
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const { dueAt } of this.#watches.values()) earliest = earlier(earliest, dueAt);
    return earliest;
  }

  #begin(watch: Watch, now: Instant): void {
    if (watch.isAsking) return;
    watch.intervalTurns = FIRST_TURNS;
    watch.unheard.clear();
    this.#schedule(watch, now);
  }

  #schedule(watch: Watch, now: Instant): void {
    const intervalMs = watch.intervalTurns * watch.turnMs;
    watch.dueAt = now.mono + intervalMs / 2 + this.#luckMs(intervalMs / 2);
  }

  #ask(watch: Watch, now: Instant): void {
    if (watch.isAsking) return;
    watch.isAsking = true;
    watch.asks = 0;
    watch.dueAt = now.mono + this.#luckMs(ASK_TURNS * watch.turnMs);
  }

  /** A neighbour said what this node would say: to whom it hears that need not be said again. */
  #heardSame(watch: Watch, from: NodeId, { mono }: Instant): void {
    if (watch.dueAt === undefined) return;
    const view = this.#events.view(watch.carrier);
    const clear = 1 - watch.carrier.load.busy(mono);
    watch.unheard.set(from, 0);
    for (const [node, chance] of view.earshot(from) ?? [])
      watch.unheard.set(node, (watch.unheard.get(node) ?? 1) * (1 - chance * clear));
  }

  /** Whether a neighbour that may lack an alert may not have heard the like since this node's last word. */
  #isUnheard({ carrier, unheard }: Watch, now: Instant): boolean {
    const { neighbours, isBlind } = this.#events.view(carrier);
    const recent = this.#named(now).filter(({ item }) => ageOf(item, now) < RECENT_MS);
    if (isBlind) return recent.length > 0 && unheard.size === 0;
    for (const node of neighbours.keys()) {
      if ((unheard.get(node) ?? 1) <= TOLERATED_LACK) continue;
      if (recent.some(({ item }) => this.#events.lackOf(carrier, item, node) > SURE_LACK)) return true;
    }
    return false;
  }

  #isRecent(now: Instant): boolean {
    return this.#named(now).some(({ item }) => ageOf(item, now) < RECENT_MS);
  }

  #named(now: Instant): HashedItem[] {
    return this.#events.items().filter(({ item }) => item.kind === DripKind.Alert && ageOf(item, now) < NAMED_MS);
  }

  #say(watch: Watch, now: Instant): void {
    const take = (turn: Instant): Uint8Array => this.#frame(watch, turn);
    this.#egress.sendOpen(watch.carrier, { priority: Priority.High, bytes: LIST_BYTES, take }, now);
  }

  #frame(watch: Watch, now: Instant): Uint8Array {
    const { carrier, share } = watch;
    const named = this.#named(now);
    const room = carrier.traits.mtuBytes - overheadBytes(0);
    const parts = partsFor(named.length, room);
    const salt = this.#context.random.below(SALTS);
    const payload = writeHashes(named, { salt, part: watch.part++ % parts, parts }, room);
    const header = localHeader(this.#context, FrameType.AlertsHeld, Priority.High, this.#events.nextSequence());
    const frame = framesFor({ header, payload }, carrier.traits.mtuBytes, this.#context.tagKey)[0] as Uint8Array;
    share.spend(frame.length, now.mono);
    this.#context.counters.countSent(FrameType.AlertsHeld);
    return frame;
  }

  #luckMs(ms: number): number {
    return (this.#context.random.below(1_000) / 1_000) * ms;
  }
}

const ageOf = ({ raisedAt }: DripItem, { mono }: Instant): number => mono - (raisedAt ?? Number.NEGATIVE_INFINITY);
