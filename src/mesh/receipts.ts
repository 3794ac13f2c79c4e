import { type MessageId, messageIdBytes, messageIdOf, type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import type { StoreEntry } from '../ports/store.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import type { Handovers } from './handovers.js';
import type { KeepLog } from './keep-log.js';
import { restedMs } from './rested.js';
import type { MeshContext } from './types.js';

export const Said = { Held: 1, Delivered: 2, Expired: 3, Refused: 4, GivenUp: 5, CalledBack: 6 } as const;
export type Said = (typeof Said)[keyof typeof Said];

export interface Receipt {
  readonly message: MessageId;
  readonly what: Said;
  /** Who says so. */
  readonly node: NodeId;
  readonly code: string;
}

const HAND_MS = 30_000;
const RETRY_START_MS = 10_000;
const RETRY_MAX_MS = 600_000;
const CODE_CHARS_MAX = 64;

interface Errand {
  readonly receipt: Receipt;
  readonly to: NodeId;
  /** On disk too. */
  readonly durable: boolean;
  readonly expiresAt: number;
  dueAt: number;
  tries: number;
  underWay: boolean;
}

export function readReceipt(body: Uint8Array): Receipt | undefined {
  return fromWire(decode(Body.ReceiptSchema, body));
}

/** What became of messages in custody, on its way to who wants to know; the last word on one is kept on disk until it is taken. */
export class Receipts {
  readonly #context: MeshContext;
  readonly #handovers: Handovers;
  readonly #log: KeepLog;
  readonly #space: string;
  readonly #isReachable: (node: NodeId) => boolean;
  readonly #errands = new Map<string, Errand>();
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(
    context: MeshContext,
    handovers: Handovers,
    log: KeepLog,
    space: string,
    isReachable: (node: NodeId) => boolean,
  ) {
    this.#context = context;
    this.#handovers = handovers;
    this.#log = log;
    this.#space = space;
    this.#isReachable = isReachable;
  }

  get size(): number {
    return this.#errands.size;
  }

  /** `expiresAt`, monotonic: nobody wants to know any more. */
  add(
    said: Omit<Receipt, 'node'>,
    to: NodeId,
    options: { readonly durable: boolean; readonly expiresAt: number },
    now: Instant,
  ): void {
    if (to === this.#context.self.id || options.expiresAt <= now.mono) return;
    const receipt = { ...said, node: this.#context.self.id };
    const key = keyOf({ receipt, to });
    this.#errands.delete(key);
    const errand = { receipt, to, ...options, dueAt: now.mono, tries: 0, underWay: false };
    this.#errands.set(key, errand);
    this.#wakeAt = now.mono;
    if (options.durable) {
      const value = encode(Body.KeptReceiptSchema, {
        receipt: toWire(receipt),
        leftMs: Math.round(options.expiresAt - now.mono),
        keptAtMs: BigInt(Math.max(0, Math.floor(now.wall))),
      });
      this.#log.later({ op: 'put', space: this.#space, key, value }, now);
    }
    if (this.#errands.size <= Limit.Receipts) return;
    const oldest = this.#errands.values().next();
    if (!oldest.done) this.#drop(oldest.value, now);
  }

  restore(entry: StoreEntry, to: (message: MessageId) => NodeId, now: Instant): void {
    const kept = decode(Body.KeptReceiptSchema, entry.value);
    const receipt = fromWire(kept?.receipt);
    const leftMs = kept ? kept.leftMs - restedMs(kept.keptAtMs, now) : 0;
    if (!receipt || leftMs <= 0) {
      this.#log.later({ op: 'delete', space: this.#space, key: entry.key }, now);
      return;
    }
    const expiresAt = now.mono + leftMs;
    const errand = { receipt, to: to(receipt.message), durable: true, expiresAt, tries: 0, underWay: false };
    this.#errands.set(entry.key, { ...errand, dueAt: now.mono });
    this.#wakeAt = now.mono;
  }

  /** A path leads there again. */
  reached(node: NodeId, now: Instant): void {
    for (const errand of this.#errands.values()) {
      if (errand.to !== node) continue;
      errand.dueAt = now.mono;
      errand.tries = 0;
      this.#wakeAt = now.mono;
    }
  }

  tick(now: Instant): void {
    if (this.#wakeAt > now.mono) return;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    for (const errand of [...this.#errands.values()]) {
      if (errand.expiresAt <= now.mono) this.#drop(errand, now);
      else if (!errand.underWay && errand.dueAt <= now.mono) this.#hand(errand, now);
    }
    for (const { dueAt, expiresAt } of this.#errands.values())
      this.#wakeAt = Math.min(this.#wakeAt, expiresAt, dueAt > now.mono ? dueAt : Number.POSITIVE_INFINITY);
  }

  nextDeadline(): number | undefined {
    return this.#errands.size === 0 ? undefined : this.#wakeAt;
  }

  /** Something was taken over: others may have their turn. */
  wake(now: Instant): void {
    if (this.#errands.size > 0) this.#wakeAt = Math.min(this.#wakeAt, now.mono);
  }

  #hand(errand: Errand, now: Instant): void {
    const { receipt, to } = errand;
    if (!this.#isReachable(to)) {
      errand.dueAt = Number.POSITIVE_INFINITY;
      return;
    }
    const body = encode(Body.ReceiptSchema, toWire(receipt));
    const begun = this.#handovers.begin(
      {
        to,
        type: FrameType.Receipt,
        body,
        priority: Priority.High,
        timeoutMs: HAND_MS,
        done: (outcome, _code, at) => {
          errand.underWay = false;
          if (outcome !== 'expired' || this.#errands.get(keyOf(errand)) !== errand) return this.#drop(errand, at);
          errand.dueAt = at.mono + Math.min(RETRY_MAX_MS, RETRY_START_MS * 2 ** errand.tries++);
          this.#wakeAt = Math.min(this.#wakeAt, errand.dueAt);
        },
      },
      now,
    );
    if (begun) errand.underWay = true;
  }

  #drop(errand: Errand, now: Instant): void {
    const key = keyOf(errand);
    if (this.#errands.get(key) !== errand) return;
    this.#errands.delete(key);
    if (errand.durable) this.#log.later({ op: 'delete', space: this.#space, key }, now);
  }
}

export const RECEIPT_KEYS = { from: 'r/', to: 'r0' } as const;

/** Origins are told once what became of a message; each of its keepers is told that it is called back. */
const keyOf = ({ receipt: { message, what }, to }: Pick<Errand, 'receipt' | 'to'>): string =>
  what === Said.CalledBack ? `r/${message}/${what}/${to}` : `r/${message}/${what}`;

const toWire = ({ message, what, node, code }: Receipt) => ({
  message: messageIdBytes(message),
  what,
  node: nodeIdBytes(node),
  code,
});

function fromWire(read: Pick<Body.Receipt, 'message' | 'what' | 'node' | 'code'> | undefined): Receipt | undefined {
  if (read?.message.length !== 14 || read.node.length !== 8 || read.what < 1 || read.what > 6) return undefined;
  return {
    message: messageIdOf(read.message),
    what: read.what as Said,
    node: nodeIdOf(read.node),
    code: read.code.slice(0, CODE_CHARS_MAX),
  };
}
