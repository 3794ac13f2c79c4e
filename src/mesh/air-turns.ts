import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { Priority } from '../wire/frame-types.js';
import { AirSpread, type AirView, type RelayPlan, SCARCE_TTL } from './air-policy.js';
import { airtimeMs, type Carrier } from './carrier.js';
import { type Egress, earlier } from './egress.js';
import { type Flow, OWN_INGRESS } from './fair-queue.js';
import type { MeshContext } from './types.js';

/** What spreads over air at a time; beyond, the oldest is left to others. */
export const AIR_SPREADS_MAX = 1_024;
/** As long as it takes until nobody repeats it any more. */
export const MEMORY_MS = 90_000;
/** A node's turn is this much longer than the frame, for those that listen before they talk and found it busy. */
const TURN_AIRTIMES = 1.25;
/** Turns drawn at random, so that nodes which do not hear each other seldom speak at once. */
const LUCK_TURNS = 4;
/** … and of an alert of its own that nobody was heard to pass on: where one fills the air that cannot be heard from here, many tries are worth more than an even chance. */
const LUCK_TURNS_UNANSWERED = 2;
/** Where few relays are left, nodes nearer to the source go first, so that the rest is not spent on detours. */
const DEPTH_TURNS = 2.5;
/** Of what nobody waits for each takes its time as if so much of all that a node has to say came before. */
const CROWD = 0.4;
/** What has time takes so many times as long. */
const PATIENT = 4;
/** Turns that pass before one that should have been heard counts as silent. */
const LONGEST_PATIENCE = 3;
/** … of who says an alert of its own that nobody passes on. */
const SHORT_PATIENCE = 0.5;
const PATIENCE_TURNS = { usual: 4, urgent: 2 };
/** Transmissions of one content by one node, whoever says that it lacks it. */
const SAID_MAX = 24;
/** … and unasked. */
const TRIES = { origin: 3, relay: 2, urgent: 4 };
/** Of its own alert, as long as nobody was heard to pass it on: who needs no relay cannot tell that it was lost on all at once. */
const TRIES_UNANSWERED = 3;
/** … where somebody was to: beside one who fills the air beyond earshot a frame of three gets through. */
const TRIES_AWAITED = 16;
/** … and in any case: the air may be full where it is to be heard, although it is not here. */
const TRIES_ANSWERED = 2;
/** A channel so busy is reckoned with in how well neighbours hear each other. */
const USUALLY_BUSY = 0.2;

/** What is to reach everybody in one transmission at a time. */
export interface AirContent {
  /** Relays that it has left, one more where it is our own. */
  readonly ttl: number;
  readonly own: boolean;
  readonly bytes: number;
  /** Kept for so long at least, for those that turn out to lack it. */
  readonly memoryMs?: number;
  /** It takes its turn within the share of what nobody waits for. */
  readonly background: boolean;
  /** The frame for our next transmission after so many; `undefined` when there is nothing to say any more. */
  build(tries: number, now: Instant): Uint8Array | undefined;
  /** Others saw to it. */
  suppressed(): void;
}

export interface AirStart {
  readonly source: NodeId;
  readonly priority: Priority;
  /** They have it by other ways. */
  readonly holders: Iterable<NodeId>;
  /** The chance that a node of which nothing is known lacks it; default 1. */
  readonly lack?: number;
  /** Who made this node say it, where somebody did. */
  readonly ingress?: Flow['ingress'];
}

interface Spreading {
  readonly carrier: Carrier;
  readonly content: AirContent;
  readonly priority: Priority;
  readonly flow: Flow;
  readonly spread: AirSpread;
  readonly turnMs: number;
  /** Since it began, or since somebody was last found to lack it. */
  tries: number;
  said: number;
  /** When to look again: our turn, or past that of those we wait for. */
  dueAt: number | undefined;
  /** We wait for our turn, not for others. */
  mine: boolean;
  awaited: readonly NodeId[];
  /** They were waited for in vain just now. */
  hasWaited: boolean;
  /** Others were to pass it on when it was said first. */
  expects: boolean;
  /** Somebody was heard to pass it on. */
  wasAnswered: boolean;
  /** Handed to the transmitter's queue. */
  queued: boolean;
  /** It takes its turn within the share of what nobody waits for. */
  background: boolean;
  forgetAt: number;
}

/** Who says what when over slow air: by the plan all compute alike; overhearing the others is the acknowledgement. */
export class AirTurns {
  readonly #context: MeshContext;
  readonly #egress: Egress;
  readonly view: (carrier: Carrier) => AirView;
  /** By carrier and name. Insertion order is order of arrival. */
  readonly #spreads = new Map<string, Spreading>();

  constructor(context: MeshContext, egress: Egress, view: (carrier: Carrier) => AirView) {
    this.#context = context;
    this.#egress = egress;
    this.view = view;
  }

  get size(): number {
    return this.#spreads.size;
  }

  contentOf(name: string, carrier: Carrier): AirContent | undefined {
    return this.#spreads.get(keyOn(name, carrier))?.content;
  }

  /** Something to spread, in place of what had this name. */
  begin(name: string, carrier: Carrier, content: AirContent, start: AirStart, now: Instant): void {
    const { source, priority, holders, lack, ingress = OWN_INGRESS } = start;
    const isUrgent = priority <= Priority.High;
    const busy = carrier.load.busy(now.mono);
    const spread = new AirSpread(source, isUrgent, {
      busy,
      ...(lack !== undefined && { lack }),
      ...(isUrgent && { clear: clear(busy) }),
    });
    spread.hold(this.#context.self.id, content.ttl);
    for (const holder of holders) spread.has(holder);
    const spreading: Spreading = {
      carrier,
      content,
      priority,
      flow: { ingress, origin: source },
      spread,
      turnMs: airtimeMs(carrier.traits, content.bytes) * TURN_AIRTIMES + (carrier.traits.latencyMs ?? 0),
      tries: 0,
      said: 0,
      dueAt: undefined,
      mine: false,
      awaited: [],
      hasWaited: false,
      expects: false,
      wasAnswered: false,
      queued: false,
      background: content.background,
      forgetAt: now.mono + (content.memoryMs ?? MEMORY_MS),
    };
    const key = keyOn(name, carrier);
    this.#spreads.delete(key);
    this.#spreads.set(key, spreading);
    for (const oldest of this.#spreads.keys()) {
      if (this.#spreads.size <= AIR_SPREADS_MAX) break;
      this.#spreads.delete(oldest);
    }
    if (content.own && !content.background) this.#transmit(spreading, now);
    else this.#replan(spreading, now);
  }

  /** It was heard over this carrier, with so many relays left. */
  heard(name: string, carrier: Carrier, from: NodeId | undefined, ttl: number, now: Instant): void {
    const spreading = this.#spreads.get(keyOn(name, carrier));
    if (!spreading) return;
    const { spread, content, queued } = spreading;
    if (!content.own) spread.hold(this.#context.self.id, content.ttl);
    spread.said(from, ttl, this.view(carrier));
    if (spreading.said > 0 && spread.answered) spreading.wasAnswered = true;
    if (!queued) this.#replan(spreading, now);
  }

  /** A node has it by another way. */
  has(name: string, carrier: Carrier, node: NodeId): void {
    this.#spreads.get(keyOn(name, carrier))?.spread.has(node);
  }

  /** A node says that it has it. */
  confirmed(name: string, carrier: Carrier, node: NodeId): void {
    const spreading = this.#spreads.get(keyOn(name, carrier));
    if (!spreading) return;
    spreading.spread.has(node);
    if (spreading.said > 0) spreading.wasAnswered = true;
  }

  /** The chance that a node lacks it. */
  lackOf(name: string, carrier: Carrier, node: NodeId): number {
    return this.#spreads.get(keyOn(name, carrier))?.spread.lackOf(node) ?? 1;
  }

  /** The names that begin so of what spreads, or has spread of late. */
  namesOf(prefix: string, carrier: Carrier): string[] {
    const start = keyOn(prefix, carrier);
    const keys = [...this.#spreads.keys()].filter((key) => key.startsWith(start));
    return keys.map((key) => prefix + key.slice(start.length));
  }

  /** A node says that it lacks it; false when it is not spreading. */
  lacks(name: string, carrier: Carrier, node: NodeId, now: Instant): boolean {
    const spreading = this.#spreads.get(keyOn(name, carrier));
    if (!spreading) return false;
    if (spreading.said >= SAID_MAX) return true;
    spreading.spread.lacks(node);
    spreading.tries = 0;
    spreading.forgetAt = Math.max(spreading.forgetAt, now.mono + MEMORY_MS);
    if (!spreading.queued && spreading.dueAt === undefined) this.#replan(spreading, now);
    return true;
  }

  /** Somebody waits for it after all: it no longer keeps to the share of what nobody waits for. */
  hurry(name: string, carrier: Carrier, now: Instant): void {
    const spreading = this.#spreads.get(keyOn(name, carrier));
    if (!spreading?.background) return;
    spreading.background = false;
    if (!spreading.queued && spreading.dueAt !== undefined) this.#replan(spreading, now);
  }

  /** Whether anything is still to be said over this carrier that nobody waits for. */
  isBusy(carrier: Carrier): boolean {
    return this.#pending(carrier) > 0;
  }

  carrierDown(carrier: Carrier): void {
    for (const [key, spreading] of this.#spreads) if (spreading.carrier === carrier) this.#spreads.delete(key);
  }

  tick(now: Instant): void {
    for (const [key, spreading] of this.#spreads) {
      if (spreading.dueAt !== undefined && spreading.dueAt <= now.mono) this.#due(spreading, now);
      else if (spreading.dueAt === undefined && !spreading.queued && spreading.forgetAt <= now.mono)
        this.#spreads.delete(key);
    }
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const { dueAt } of this.#spreads.values()) earliest = earlier(earliest, dueAt);
    return earliest;
  }

  #pending(carrier: Carrier): number {
    let pending = 0;
    for (const { carrier: on, background, dueAt, queued } of this.#spreads.values())
      if (on === carrier && background && (queued || dueAt !== undefined)) pending++;
    return pending;
  }

  /** Whose turn it is, from what is known now. */
  #replan(spreading: Spreading, now: Instant): void {
    const { spread, carrier, content, turnMs, tries } = spreading;
    const isTooSeldom = this.#isSaidTooSeldom(spreading);
    const plan = isTooSeldom ? ONCE_MORE : spread.plan(this.view(carrier));
    const mine = plan.gain > 0 && (isTooSeldom || tries < this.#triesOf(spreading));
    // Those we waited for had their time.
    const hasWaited = spread.urgent && spreading.hasWaited;
    spreading.hasWaited = false;
    spreading.mine = mine;
    spreading.awaited = plan.before;
    if (!mine && plan.before.length === 0) {
      spreading.dueAt = undefined;
      return;
    }
    const luck = (this.#context.random.below(1_000) / 1_000) * (isTooSeldom ? LUCK_TURNS_UNANSWERED : LUCK_TURNS);
    const patienceTurns = spread.urgent ? PATIENCE_TURNS.urgent : PATIENCE_TURNS.usual;
    const longest = isTooSeldom ? SHORT_PATIENCE : LONGEST_PATIENCE;
    const patience = mine ? (hasWaited ? 0 : Math.min(tries, longest) * patienceTurns) : patienceTurns;
    const depth = content.own ? 0 : Math.max(0, SCARCE_TTL - content.ttl) * DEPTH_TURNS;
    const turns = plan.before.length + patience + luck + depth;
    // What nobody waits for shares its time with all else of the kind, the less urgent longer.
    const company = spreading.background
      ? Math.max(1, this.#pending(carrier) * CROWD) * (spreading.priority === Priority.Low ? PATIENT : 1)
      : 1;
    spreading.dueAt = now.mono + turns * company * turnMs;
  }

  #due(spreading: Spreading, now: Instant): void {
    const { carrier, spread } = spreading;
    const openAt = spreading.background
      ? Math.max(carrier.load.opensAt(now.mono), this.view(carrier).settledAt(now.mono))
      : spreading.content.background
        ? carrier.load.quietAt(now.mono)
        : now.mono;
    if (openAt > now.mono) {
      // Those we wait for have no airtime to spare either.
      this.#replan(spreading, { ...now, mono: openAt });
      return;
    }
    spreading.dueAt = undefined;
    if (spreading.mine) {
      this.#transmit(spreading, now);
      return;
    }
    for (const node of spreading.awaited) spread.silent(node);
    spreading.hasWaited = true;
    this.#replan(spreading, now);
  }

  #transmit(spreading: Spreading, now: Instant): void {
    const { carrier, priority, flow, content } = spreading;
    spreading.dueAt = undefined;
    spreading.queued = true;
    const left = (at: number): void => this.#replan(spreading, { ...now, mono: at });
    const lost = (): void => {
      spreading.queued = false;
    };
    const take = (turn: Instant): Uint8Array | undefined => this.#take(spreading, turn);
    this.#egress.sendOpen(carrier, { priority, flow, bytes: content.bytes, take, left, lost }, now);
  }

  /** Its turn at the transmitter: what was heard while it waited may have made it needless. */
  #take(spreading: Spreading, now: Instant): Uint8Array | undefined {
    const { spread, carrier, content, tries, said } = spreading;
    spreading.queued = false;
    const view = this.view(carrier);
    if ((!content.own || said > 0) && !this.#isSaidTooSeldom(spreading) && spread.plan(view).gain === 0) {
      content.suppressed();
      this.#replan(spreading, now);
      return undefined;
    }
    const frame = content.build(tries, now);
    if (!frame) return undefined;
    spreading.tries++;
    spreading.said++;
    spread.said(this.#context.self.id, content.ttl - 1, view);
    if (spreading.said === 1) spreading.expects = spread.plan(view).before.length > 0;
    return frame;
  }

  #isSaidTooSeldom({ content, spread, said, expects, wasAnswered }: Spreading): boolean {
    const least = wasAnswered ? TRIES_ANSWERED : expects ? TRIES_AWAITED : TRIES_UNANSWERED;
    return content.own && spread.urgent && !content.background && said < least;
  }

  #triesOf({ content, spread }: Spreading): number {
    const tries = spread.urgent ? TRIES.urgent : content.own ? TRIES.origin : TRIES.relay;
    return content.own || !spread.answered ? tries : tries - 1;
  }
}

/** Chance that an alert meets no other frame where it is heard, as far as this node can tell: each is told by so many more the fuller the air is. */
const clear = (busy: number): number => 1 - Math.max(0, busy - USUALLY_BUSY);

const ONCE_MORE: RelayPlan = { before: [], gain: 1 };

const keyOn = (name: string, { index }: Carrier): string => `${index} ${name}`;
