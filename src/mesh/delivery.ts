import { concat, fromHex, readU32, writeU32 } from '../core/bytes.js';
import { type MessageId, messageIdOf, type NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, type Priority } from '../wire/frame-types.js';
import { type Header, MAX_PAYLOAD_BYTES } from '../wire/header.js';
import { DeliveredIds } from './delivered-ids.js';
import { asksFirst, missingBytes, REPAIR_FROM_BYTES, readMissing } from './repair.js';
import type { Asker, MeshContext, MessageOutcome, WayBack } from './types.js';

/** First wait for an end-to-end acknowledgement, where the path is not known to need more; doubled each time. */
const RETRY_START_MS = 1_000;
const RETRY_MAX_MS = 8_000;
/** Round trips of an idle path that it waits: others use it too. */
const RETRY_ROUND_TRIPS = 3;
/** Where one takes minutes, what a long message lacks is asked for sooner: the question is short, and comes behind what is on its way. */
const ASK_ROUND_TRIPS = 1.5;
const SLOW_ROUND_TRIP_MS = 60_000;
export const DELIVERY_TIMEOUT_MS = 30_000;
/** How long a message that is kept is tried this way without progress, while a path leads there; then it goes into custody. */
const PATIENCE_MS = 30_000;
/** Or as many round trips of an idle path, where those take longer. */
const PATIENCE_ROUND_TRIPS = 6;
/** A message of which the other end may have a part waits so long for a path, looked for so often, before custody sends it whole again. */
const PART_PATIENCE_MS = 20_000;
const PART_LOOK_MS = 1_000;
/** Answers remembered for who asks again; the oldest goes first. */
const ANSWERED_MAX = 512;

/** In a frame with `ack wanted` the payload starts with the sequence of the first attempt. */
export const ATTEMPT_BYTES = 4;

export interface DirectedMessage {
  readonly id: MessageId;
  readonly sequence: number;
  readonly to: NodeId;
  readonly type: FrameType;
  readonly body: Uint8Array;
  readonly priority: Priority;
  readonly timeoutMs: number;
  /** It is kept: instead of being tried in vain it goes into custody. */
  readonly keep?: boolean;
}

interface Pending extends DirectedMessage {
  readonly startedAt: number;
  readonly deadline: number;
  attempts: number;
  retryAt: number;
  /** When it last came nearer to its end. */
  progressAt: number;
  /** When it was last sent along a path. */
  sentAt: number;
  /** Sequence of the last attempt that went whole. */
  wholeAs: number;
  /** Bytes missing there, as far as is known. */
  missing: number;
}

export interface DeliveryEvents {
  /** Sends one attempt and returns its sequence; `attempt` counts from 1. */
  attempt(message: DirectedMessage, payload: Uint8Array, attempt: number, now: Instant): number;
  /** Asks what is missing, by the ways an attempt would go. */
  ask(message: DirectedMessage, body: Uint8Array, attempt: number, now: Instant): void;
  /** Sends these ranges of an attempt's payload again. */
  sendParts(
    message: DirectedMessage,
    payload: Uint8Array,
    attempt: number,
    bounds: readonly number[],
    now: Instant,
  ): void;
  sendAck(to: Asker, body: Uint8Array, now: Instant): void;
  sendMissing(to: Asker, body: Uint8Array, priority: Priority, now: Instant): void;
  /** Bounds of the ranges missing here of a message of so many bytes. */
  missing(id: MessageId, total: number): number[];
  /** Of the best path, for a message of so many bytes. */
  roundTripMs(to: NodeId, bytes: number): number;
  isReachable(to: NodeId): boolean;
  /** A message that is kept was tried in vain; nothing more is done for it here. */
  parked(message: DirectedMessage, now: Instant): void;
  /** An acknowledgement of what is not tried any more. */
  late(id: MessageId, from: NodeId, now: Instant): void;
  settled(
    message: DirectedMessage,
    outcome: MessageOutcome,
    code: string | undefined,
    now: Instant,
    back?: WayBack,
  ): void;
}

/**
 * End-to-end acknowledgement of directed messages: delivers once. A short one is tried again whole, under a new sequence;
 * of a longer one what is missing is asked for and sent, because a lost part is no reason to send the rest again.
 */
export class Delivery {
  readonly #context: MeshContext;
  readonly #events: DeliveryEvents;
  readonly delivered = new DeliveredIds();
  readonly #pending = new Map<MessageId, Pending>();
  /** By the sequence under which they went whole, those asked after. */
  readonly #asked = new Map<number, Pending>();
  /** What was answered lately, by message: a refusal, or nothing. */
  readonly #answered = new Map<MessageId, string>();
  /** No message is due before: a lower bound, so that a step need not look through them all. */
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(context: MeshContext, events: DeliveryEvents) {
    this.#context = context;
    this.#events = events;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** False when too many are under way. */
  send(message: DirectedMessage, now: Instant): boolean {
    if (this.#pending.size >= Limit.PendingMessages) return false;
    const pending: Pending = {
      ...message,
      startedAt: now.mono,
      deadline: now.mono + message.timeoutMs,
      attempts: 0,
      retryAt: now.mono,
      progressAt: now.mono,
      sentAt: Number.NEGATIVE_INFINITY,
      wholeAs: message.sequence,
      missing: message.body.length + ATTEMPT_BYTES,
    };
    this.#pending.set(message.id, pending);
    this.#attempt(pending, now);
    return true;
  }

  /** How long a message of so many bytes may take to its acknowledgement before something is wrong. */
  patienceMs(to: NodeId, bytes: number): number {
    return PATIENCE_ROUND_TRIPS * this.#events.roundTripMs(to, bytes);
  }

  /** A message with `ack wanted` that is meant for us: its content the first time, `undefined` when we have it. */
  received(header: Header, payload: Uint8Array, now: Instant): { id: MessageId; body: Uint8Array } | undefined {
    const message = this.opened(header, payload);
    if (!message) return undefined;
    this.answer(header, message.id, '', now);
    if (this.delivered.add(message.id, header.type === FrameType.Message)) return message;
    if (header.type === FrameType.Message || header.type === FrameType.Query)
      this.#context.emit({ kind: 'trail', id: message.id, what: 'duplicate', node: header.source });
    return undefined;
  }

  /** The same without an answer: who calls gives it, once or for every attempt. */
  opened(header: Header, payload: Uint8Array): { id: MessageId; body: Uint8Array } | undefined {
    if (payload.length < ATTEMPT_BYTES) {
      this.#context.counters.refuse('message.malformed');
      return undefined;
    }
    const id = messageIdFor(header.source, header.saltHint, readU32(payload, 0));
    return { id, body: payload.slice(ATTEMPT_BYTES) };
  }

  /** Acknowledges a message, or refuses it by code. */
  answer(to: Asker, id: MessageId, refusal: string, now: Instant): void {
    this.#answered.delete(id);
    this.#answered.set(id, refusal);
    if (this.#answered.size > ANSWERED_MAX) this.#answered.delete(this.#answered.keys().next().value as MessageId);
    this.#events.sendAck(to, encode(Body.AckSchema, { message: fromHex(id) as Uint8Array, refusal }), now);
  }

  /** A sender asks what is missing here of its message. */
  asked(header: Header, payload: Uint8Array, now: Instant): void {
    const { source, saltHint, destination, priority } = header;
    const ask = decode(Body.PartsAskSchema, payload);
    if (!ask || destination === undefined || ask.total < 1 || ask.total > MAX_PAYLOAD_BYTES)
      return this.#context.counters.refuse('part.malformed');
    const id = messageIdFor(source, saltHint, ask.message);
    const answered = this.#answered.get(id) ?? (this.delivered.has(id) ? '' : undefined);
    if (answered !== undefined) return this.answer(header, id, answered, now);
    const { attempt, total } = ask;
    const bounds = this.#events.missing(messageIdFor(source, saltHint, attempt), total);
    this.#events.sendMissing(header, encode(Body.PartsMissingSchema, { attempt, total, bounds }), priority, now);
  }

  /** What the other end misses, as it was asked: that is sent, or all when it has nothing. */
  missing(source: NodeId, payload: Uint8Array, now: Instant): void {
    const report = readMissing(payload);
    const pending = report && this.#asked.get(report.attempt);
    if (!report || (pending && report.total !== pending.body.length + ATTEMPT_BYTES))
      return this.#context.counters.refuse('part.malformed');
    if (pending?.to !== source) return this.#context.counters.refuse('part.unasked');
    this.#asked.delete(report.attempt);
    const missing = missingBytes(report.bounds);
    if (missing === 0) return;
    // The way there and back works.
    pending.attempts = 1;
    if (missing < pending.missing) {
      pending.progressAt = now.mono;
      pending.missing = missing;
    }
    this.#context.counters.delivery.repairs++;
    if (missing === report.total) return this.#whole(pending, now);
    pending.sentAt = now.mono;
    this.#wait(pending, missing, now);
    this.#events.sendParts(pending, payloadOf(pending), report.attempt, report.bounds, now);
  }

  /** Nothing more is done for it, and nothing is said of it. */
  forget(id: MessageId): void {
    const pending = this.#pending.get(id);
    if (pending) this.#drop(pending);
  }

  /** What is done for a message now; nothing when it is not tried. */
  standing(
    id: MessageId,
  ): { readonly attempts: number; readonly retryAt: number; readonly deadline: number } | undefined {
    return this.#pending.get(id);
  }

  acknowledged(source: NodeId, payload: Uint8Array, now: Instant, back?: WayBack): void {
    const ack = decode(Body.AckSchema, payload);
    const pending = ack?.message.length === 14 ? this.#pending.get(messageIdOf(ack.message)) : undefined;
    if (ack && !pending && ack.refusal === '' && ack.message.length === 14)
      return this.#events.late(messageIdOf(ack.message), source, now);
    if (!ack || !pending || pending.to !== source) return;
    this.#drop(pending);
    const { delivery } = this.#context.counters;
    if (ack.refusal === '') {
      delivery.delivered++;
      delivery.latencySumMs += now.mono - pending.startedAt;
      this.#events.settled(pending, 'delivered', undefined, now, back);
    } else {
      delivery.refused++;
      this.#events.settled(pending, 'refused', ack.refusal, now);
    }
  }

  tick(now: Instant): void {
    if (this.#wakeAt > now.mono) return;
    for (const pending of [...this.#pending.values()]) {
      if (pending.deadline <= now.mono) {
        this.#drop(pending);
        this.#context.counters.delivery.expired++;
        this.#events.settled(pending, 'expired', undefined, now);
      } else if (pending.retryAt <= now.mono) {
        if (this.#mayHaveParts(pending, now)) {
          pending.retryAt = now.mono + PART_LOOK_MS;
          continue;
        }
        if (this.#isInVain(pending, now)) {
          this.#drop(pending);
          this.#events.parked(pending, now);
          continue;
        }
        this.#context.counters.delivery.retries++;
        this.#attempt(pending, now);
      }
    }
    this.#wakeAt = Number.POSITIVE_INFINITY;
    for (const pending of this.#pending.values()) this.#wakeBy(pending);
  }

  nextDeadline(): number | undefined {
    return this.#pending.size === 0 ? undefined : this.#wakeAt;
  }

  #drop(pending: Pending): void {
    this.#pending.delete(pending.id);
    this.#asked.delete(pending.wholeAs);
  }

  #isInVain({ keep, to, body, progressAt }: Pending, now: Instant): boolean {
    if (!keep) return false;
    const patienceMs = Math.max(PATIENCE_MS, this.patienceMs(to, body.length));
    return now.mono - progressAt >= patienceMs || !this.#events.isReachable(to);
  }

  /** No path leads there now, but what went there on one may have come in part. */
  #mayHaveParts({ to, body, sentAt }: Pending, now: Instant): boolean {
    if (body.length <= REPAIR_FROM_BYTES || now.mono - sentAt >= PART_PATIENCE_MS) return false;
    return !this.#events.isReachable(to);
  }

  #wakeBy(pending: Pending): void {
    this.#wakeAt = Math.min(this.#wakeAt, pending.retryAt, pending.deadline);
  }

  #attempt(pending: Pending, now: Instant): void {
    if (!asksFirst(pending.attempts + 1, pending.body.length)) return this.#whole(pending, now);
    pending.attempts++;
    this.#wait(pending, 0, now);
    this.#asked.set(pending.wholeAs, pending);
    const { wholeAs: attempt, sequence, body } = pending;
    const ask = encode(Body.PartsAskSchema, { attempt, message: sequence, total: body.length + ATTEMPT_BYTES });
    this.#events.ask(pending, ask, pending.attempts, now);
  }

  #whole(pending: Pending, now: Instant): void {
    pending.attempts++;
    if (this.#events.isReachable(pending.to)) pending.sentAt = now.mono;
    this.#wait(pending, pending.body.length, now);
    this.#asked.delete(pending.wholeAs);
    pending.wholeAs = this.#events.attempt(pending, payloadOf(pending), pending.attempts, now);
  }

  /** Until it is tried again: longer each time, and as long as so many bytes and their acknowledgement take. */
  #wait(pending: Pending, bytes: number, now: Instant): void {
    const roundTripMs = this.#events.roundTripMs(pending.to, bytes);
    const asksSoon = roundTripMs > SLOW_ROUND_TRIP_MS && asksFirst(pending.attempts + 1, pending.body.length);
    const least = (asksSoon ? ASK_ROUND_TRIPS : RETRY_ROUND_TRIPS) * roundTripMs;
    const doubled = Math.min(RETRY_MAX_MS, RETRY_START_MS * 2 ** (pending.attempts - 1));
    pending.retryAt = now.mono + Math.max(doubled, least) * (0.9 + this.#context.random.below(200) / 1_000);
    this.#wakeBy(pending);
  }
}

/** What goes into the frames of an attempt. */
function payloadOf({ sequence, body }: DirectedMessage): Uint8Array {
  const prefix = new Uint8Array(ATTEMPT_BYTES);
  writeU32(prefix, 0, sequence);
  return concat(prefix, body);
}

/** The id under which a sender knows its message, whichever attempt arrived. */
export const messageIdFor = (source: NodeId, saltHint: number, sequence: number): MessageId =>
  `${source}${saltHint.toString(16).padStart(4, '0')}${(sequence >>> 0).toString(16).padStart(8, '0')}` as MessageId;
