import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';

/** Items asked for that are not here yet; beyond, the one asked for first goes. */
const ASKED_MAX = 128;

/** Who asked for items that are not here yet, and what this node asked for itself. */
export class DripAskers {
  readonly #askers = new Map<string, Set<NodeId>>();
  /** When this node asked for it. */
  readonly #asking = new Map<string, number>();

  asks(key: string, now: Instant): void {
    put(this.#asking, key, now.mono);
  }

  /**
   * Whether what is held of it is not what this node wants: frames of a boot that nobody has vouched for wait so long for its
   * beat, and of their author that of the boot before may be here.
   */
  isAsking(key: string, now: Instant): boolean {
    return now.mono - (this.#asking.get(key) ?? Number.NEGATIVE_INFINITY) < Limit.HeldMs;
  }

  add(key: string, peer: NodeId): void {
    put(this.#askers, key, (this.#askers.get(key) ?? new Set()).add(peer));
  }

  /** Those who are to be told what has come: once, or again while this node goes on asking. */
  of(key: string, now: Instant): Iterable<NodeId> {
    const askers = this.#askers.get(key) ?? [];
    if (!this.isAsking(key, now)) this.#askers.delete(key);
    return askers;
  }

  gone(peer: NodeId): void {
    for (const [key, askers] of this.#askers) if (askers.delete(peer) && askers.size === 0) this.#askers.delete(key);
  }
}

function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > ASKED_MAX) map.delete(map.keys().next().value as string);
}
