import type { MessageId, NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import type { FrameType, Priority } from '../wire/frame-types.js';
import type { Delivery, DirectedMessage } from './delivery.js';
import type { MessageOutcome } from './types.js';

export interface Handover {
  readonly to: NodeId;
  readonly type: FrameType;
  readonly body: Uint8Array;
  readonly priority: Priority;
  readonly timeoutMs: number;
  done(outcome: MessageOutcome, code: string | undefined, now: Instant): void;
}

/** Engine messages whose acknowledgement means that the other side has taken something over. So many at once, no more. */
export class Handovers {
  readonly #delivery: Delivery;
  readonly #reserve: () => { readonly id: MessageId; readonly sequence: number };
  readonly #underWay = new Map<MessageId, Handover>();
  readonly #perNode = new Map<NodeId, number>();

  constructor(delivery: Delivery, reserve: () => { readonly id: MessageId; readonly sequence: number }) {
    this.#delivery = delivery;
    this.#reserve = reserve;
  }

  hasRoom(to: NodeId): boolean {
    return this.#underWay.size < Limit.Handovers && (this.#perNode.get(to) ?? 0) < Limit.HandoversPerNode;
  }

  /** False when too much is under way; `done` is called otherwise, never at once. */
  begin(handover: Handover, now: Instant): boolean {
    const { to, type, body, priority, timeoutMs } = handover;
    if (!this.hasRoom(to)) return false;
    const { id, sequence } = this.#reserve();
    // Slow air takes longer than anybody would wait elsewhere.
    const life = Math.max(timeoutMs, this.#delivery.patienceMs(to, body.length));
    if (!this.#delivery.send({ id, sequence, to, type, body, priority, timeoutMs: life }, now)) return false;
    this.#underWay.set(id, handover);
    this.#perNode.set(to, (this.#perNode.get(to) ?? 0) + 1);
    return true;
  }

  /** False for a message that is none of these. */
  settled({ id, to }: DirectedMessage, outcome: MessageOutcome, code: string | undefined, now: Instant): boolean {
    const handover = this.#underWay.get(id);
    if (!handover) return false;
    this.#underWay.delete(id);
    const left = (this.#perNode.get(to) ?? 1) - 1;
    if (left > 0) this.#perNode.set(to, left);
    else this.#perNode.delete(to);
    handover.done(outcome, code, now);
    return true;
  }
}
