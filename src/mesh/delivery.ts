import { concat, fromHex, readU32, writeU32 } from '../core/bytes.js';
import { type MessageId, messageIdOf, type NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, type Priority } from '../wire/frame-types.js';
import type { Header } from '../wire/header.js';
import { DeliveredIds } from './delivered-ids.js';
import type { MeshContext, MessageOutcome } from './types.js';

/** First wait for an end-to-end acknowledgement, where the path is not known to need more; doubled each time. */
const RETRY_START_MS = 1_000;
const RETRY_MAX_MS = 8_000;
/** Round trips of an idle path that it waits: others use it too. */
const RETRY_ROUND_TRIPS = 3;
export const DELIVERY_TIMEOUT_MS = 30_000;
/** How long a message that is kept is tried this way, while a path leads there; then it goes into custody. */
const PATIENCE_MS = 30_000;

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
}

export interface DeliveryEvents {
  /** Sends one attempt; `attempt` counts from 1. */
  attempt(message: DirectedMessage, payload: Uint8Array, attempt: number, now: Instant): void;
  sendAck(to: NodeId, body: Uint8Array, now: Instant): void;
  /** Of the best path, for a message of so many bytes. */
  roundTripMs(to: NodeId, bytes: number): number;
  isReachable(to: NodeId): boolean;
  /** A message that is kept was tried in vain; nothing more is done for it here. */
  parked(message: DirectedMessage, now: Instant): void;
  /** An acknowledgement of what is not tried any more. */
  late(id: MessageId, from: NodeId, now: Instant): void;
  settled(message: DirectedMessage, outcome: MessageOutcome, code: string | undefined, now: Instant): void;
}

/** End-to-end acknowledgement of directed messages: retries under a new sequence, delivers once. */
export class Delivery {
  readonly #context: MeshContext;
  readonly #events: DeliveryEvents;
  readonly delivered = new DeliveredIds();
  readonly #pending = new Map<MessageId, Pending>();
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
    };
    this.#pending.set(message.id, pending);
    this.#attempt(pending, now);
    return true;
  }

  /** A message with `ack wanted` that is meant for us: its content the first time, `undefined` when we have it. */
  received(header: Header, payload: Uint8Array, now: Instant): { id: MessageId; body: Uint8Array } | undefined {
    const message = this.opened(header, payload);
    if (!message) return undefined;
    this.answer(header.source, message.id, '', now);
    return this.delivered.add(message.id, header.type === FrameType.Message) ? message : undefined;
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
  answer(to: NodeId, id: MessageId, refusal: string, now: Instant): void {
    this.#events.sendAck(to, encode(Body.AckSchema, { message: fromHex(id) as Uint8Array, refusal }), now);
  }

  /** Nothing more is done for it, and nothing is said of it. */
  forget(id: MessageId): void {
    this.#pending.delete(id);
  }

  acknowledged(source: NodeId, payload: Uint8Array, now: Instant): void {
    const ack = decode(Body.AckSchema, payload);
    const pending = ack?.message.length === 14 ? this.#pending.get(messageIdOf(ack.message)) : undefined;
    if (ack && !pending && ack.refusal === '' && ack.message.length === 14)
      return this.#events.late(messageIdOf(ack.message), source, now);
    if (!ack || !pending || pending.to !== source) return;
    this.#pending.delete(pending.id);
    const { delivery } = this.#context.counters;
    if (ack.refusal === '') {
      delivery.delivered++;
      delivery.latencySumMs += now.mono - pending.startedAt;
      this.#events.settled(pending, 'delivered', undefined, now);
    } else {
      delivery.refused++;
      this.#events.settled(pending, 'refused', ack.refusal, now);
    }
  }

  tick(now: Instant): void {
    if (this.#wakeAt > now.mono) return;
    for (const pending of [...this.#pending.values()]) {
      if (pending.deadline <= now.mono) {
        this.#pending.delete(pending.id);
        this.#context.counters.delivery.expired++;
        this.#events.settled(pending, 'expired', undefined, now);
      } else if (pending.retryAt <= now.mono) {
        if (this.#isInVain(pending, now)) {
          this.#pending.delete(pending.id);
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

  #isInVain({ keep, to, startedAt }: Pending, now: Instant): boolean {
    if (!keep) return false;
    return now.mono - startedAt >= PATIENCE_MS || !this.#events.isReachable(to);
  }

  #wakeBy(pending: Pending): void {
    this.#wakeAt = Math.min(this.#wakeAt, pending.retryAt, pending.deadline);
  }

  #attempt(pending: Pending, now: Instant): void {
    pending.attempts++;
    const least = RETRY_ROUND_TRIPS * this.#events.roundTripMs(pending.to, pending.body.length);
    const doubled = Math.min(RETRY_MAX_MS, RETRY_START_MS * 2 ** (pending.attempts - 1));
    const wait = Math.max(doubled, least);
    pending.retryAt = now.mono + wait * (0.9 + this.#context.random.below(200) / 1_000);
    this.#wakeBy(pending);
    const prefix = new Uint8Array(ATTEMPT_BYTES);
    writeU32(prefix, 0, pending.sequence);
    this.#events.attempt(pending, concat(prefix, pending.body), pending.attempts, now);
  }
}

/** The id under which a sender knows its message, whichever attempt arrived. */
export const messageIdFor = (source: NodeId, saltHint: number, sequence: number): MessageId =>
  `${source}${saltHint.toString(16).padStart(4, '0')}${(sequence >>> 0).toString(16).padStart(8, '0')}` as MessageId;
