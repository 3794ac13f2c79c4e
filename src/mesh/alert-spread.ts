import { readU32 } from '../core/bytes.js';
import { type MessageId, messageIdBytes, type NodeId, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { Body, decode } from '../wire/bodies.js';
import { FrameType, type Priority } from '../wire/frame-types.js';
import { messageIdFor } from './delivery.js';
import type { Drip } from './drip.js';
import { alertRank, type DripItem, DripKind } from './drip-items.js';
import type { MeshContext } from './types.js';

/** For how long after it was raised an alert is handed to nodes that lack it. */
export const ALERT_LIFE_MS = 24 * 3_600_000;
/** Alerts held for that. Beyond, the least urgent goes, of those the one raised first: alike on every node. */
export const ALERTS_HELD_MAX = 128;
/** Type, payload and time of an alert, encoded. */
const ALERT_BODY_BYTES_MAX = 4_352;

/** An alert as one of its frames or a disk names it. */
interface SpreadAlert {
  readonly source: NodeId;
  readonly saltHint: number;
  readonly sequence: number;
  readonly priority: Priority;
  readonly body: Uint8Array;
}

interface Held {
  readonly item: DripItem;
  readonly priority: Priority;
  readonly raisedAt: number;
  /** By the clock of who raised it: the same on every node, unlike the age. */
  readonly raisedAtMs: bigint;
}

/**
 * Alerts flood to who is in reach; this holds the young ones in drip, so that nodes that come later are handed them,
 * by any neighbour that has them.
 */
export class AlertSpread {
  readonly #context: MeshContext;
  readonly #drip: Drip;
  readonly #news: (now: Instant) => void;
  readonly #held = new Map<string, Held>();

  /** `news`: one more is held. */
  constructor(context: MeshContext, drip: Drip, news: (now: Instant) => void) {
    this.#context = context;
    this.#drip = drip;
    this.#news = news;
  }

  get size(): number {
    return this.#held.size;
  }

  /** An alert that floods, of our own or heard; false when it was here before. What is no alert is not held. */
  flooded(alert: SpreadAlert, now: Instant): boolean {
    return this.#hold({ ...alert, raisedAt: now.mono }, undefined, now, true);
  }

  /** An alert from this node's disk, after a restart. */
  restored(id: MessageId, priority: Priority, body: Uint8Array, ageMs: number, now: Instant): void {
    const bytes = messageIdBytes(id);
    const saltHint = ((bytes[8] as number) << 8) | (bytes[9] as number);
    const alert = { source: nodeIdOf(bytes), saltHint, sequence: readU32(bytes, 10), priority, body };
    const raisedAt = now.mono - Math.max(0, ageMs);
    if (ageMs < ALERT_LIFE_MS) this.#hold({ ...alert, raisedAt }, undefined, now, false);
  }

  /** An alert that a neighbour hands on: delivered and kept when it is news here. */
  take(item: Omit<DripItem, 'rank'>, from: NodeId, now: Instant): undefined {
    const { source, saltHint, sequence, body, priority = 3, raisedAt = now.mono } = item;
    const rank = alertRank(saltHint, sequence);
    if (this.#drip.rankOf(DripKind.Alert, source, rank) !== undefined) return;
    if (raisedAt + ALERT_LIFE_MS <= now.mono || this.#drip.isBuried(DripKind.Alert, source, rank, now)) {
      this.#context.counters.refuse('alert.old');
      return;
    }
    if (!soundAlert(body)) {
      this.#context.counters.refuse('alert.malformed');
      return;
    }
    this.#context.emit({
      kind: 'deliver',
      message: {
        id: messageIdFor(source, saltHint, sequence),
        type: FrameType.Alert,
        source,
        priority,
        hops: 1,
        body,
        at: now,
        ageMs: now.mono - raisedAt,
      },
    });
    this.#hold({ source, saltHint, sequence, priority, body, raisedAt }, from, now, false);
  }

  /** Lets go of what has become old. */
  tick(now: Instant): void {
    for (const [key, { item, raisedAt }] of this.#held) {
      if (raisedAt + ALERT_LIFE_MS <= now.mono) this.#drop(key, item, now);
    }
  }

  #hold(
    alert: SpreadAlert & { readonly raisedAt: number },
    from: NodeId | undefined,
    now: Instant,
    quiet: boolean,
  ): boolean {
    const { source, saltHint, sequence, priority, body, raisedAt } = alert;
    const rank = alertRank(saltHint, sequence);
    const sound = soundAlert(body);
    if (!sound) return true;
    if (this.#drip.rankOf(DripKind.Alert, source, rank) !== undefined) return false;
    if (this.#drip.isBuried(DripKind.Alert, source, rank, now)) return false;
    const item = { kind: DripKind.Alert, source, saltHint, sequence, rank, body, priority, raisedAt };
    this.#drip.put(item, from, now, quiet);
    if (this.#drip.rankOf(DripKind.Alert, source, rank) === undefined) return true;
    this.#held.set(`${source}${rank}`, { item, priority, raisedAt, raisedAtMs: sound.raisedAtMs });
    if (this.#held.size > ALERTS_HELD_MAX) {
      const [key, { item }] = [...this.#held].reduce((least, each) => (isLess(each[1], least[1]) ? each : least));
      this.#drop(key, item, now);
      this.#context.counters.refuse('alert.limit');
    }
    this.#news(now);
    return true;
  }

  #drop(key: string, item: DripItem, now: Instant): void {
    this.#held.delete(key);
    this.#drip.remove(item, true, now);
  }
}

const soundAlert = (body: Uint8Array): Body.Alert | undefined =>
  body.length > ALERT_BODY_BYTES_MAX ? undefined : decode(Body.AlertSchema, body);

/** Whether `a` is to go before `b`. */
function isLess(a: Held, b: Held): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.raisedAtMs !== b.raisedAtMs) return a.raisedAtMs < b.raisedAtMs;
  return a.item.source !== b.item.source ? a.item.source < b.item.source : a.item.rank < b.item.rank;
}
