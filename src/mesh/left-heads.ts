import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';

/** Heads that were left and are not joined again before they say something newer; the oldest is forgotten. */
export const LEFT_MAX = 64;
/** … or after so long, where they have signed for a segment: the number they were left at may have been another's lie. */
export const LEFT_MS = 600_000;

/** Heads whose segments a node was in, and the number of each when it left. */
export class LeftHeads {
  readonly #left = new Map<NodeId, { readonly number: number; readonly at: number }>();
  readonly #isBacked: (head: NodeId) => boolean;

  /** `isBacked`: whether a head has signed for a segment of its own. */
  constructor(isBacked: (head: NodeId) => boolean) {
    this.#isBacked = isBacked;
  }

  get size(): number {
    return this.#left.size;
  }

  add(head: NodeId, number: number, now: Instant): void {
    this.#left.delete(head);
    this.#left.set(head, { number, at: now.mono });
    if (this.#left.size > LEFT_MAX) this.#left.delete(this.#left.keys().next().value as NodeId);
  }

  has(head: NodeId): boolean {
    return this.#left.has(head);
  }

  numberOf(head: NodeId): number | undefined {
    return this.#left.get(head)?.number;
  }

  /** Whether what is said of a head may be from before it was left. */
  bars(head: NodeId, number: number, now: Instant): boolean {
    const left = this.#left.get(head);
    if (!left || number > left.number) return false;
    return now.mono - left.at < LEFT_MS || !this.#isBacked(head);
  }
}
