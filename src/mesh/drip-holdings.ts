import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Crypto } from '../ports/crypto.js';
import type { HashedItem } from './drip-hashes.js';
import { type DripItem, DripKind, hashOf, keyOf, keyOfItem } from './drip-items.js';
import type { Trickle } from './trickle.js';

/** Items held; a further one is refused and counted. */
export const DRIP_ITEMS_MAX = 8_192;
/** Of nodes of other segments, kept for who asks; beyond, the one kept longest goes. */
const FOREIGN_MAX = 512;
/** For how long what was forgotten is not taken back from neighbours that forget it a little later. */
const BURIED_MS = 3_600_000;

/** Who is to hold an item. */
export const Scope = {
  /** Everybody. */
  Mesh: 0,
  /** All nodes of this one's segment. */
  Segment: 1,
  /** Who happens to: it is of a node of another segment. */
  Nobody: 2,
} as const;
export type Scope = (typeof Scope)[keyof typeof Scope];

export interface Held {
  item: DripItem;
  scope: Scope;
  /** Its node has left this segment: those that hold what it said before are told. */
  isParting: boolean;
  /** Nothing else is known of its node any more. */
  isLetGo: boolean;
  /** Neighbours known, or safely assumed, to hold it, and since when. */
  readonly holders: Map<NodeId, number>;
  /** Those of them that told this node, and so all that hear them. Who has it from this node alone tells nobody that hears this node. */
  readonly tellers: Set<NodeId>;
  readonly trickle: Trickle;
  /** Its trickle goes at least so many times slower. */
  least: number;
  hash: number;
}

/** What drips, as far as this node holds it, with two digests: of what its segment is to hold, and of what everybody is. */
export class DripHoldings {
  readonly #crypto: Pick<Crypto, 'sha256'>;
  readonly #isOurs: (source: NodeId) => boolean;
  readonly #held = new Map<string, Held>();
  /** By key: the rank that was forgotten. At most DRIP_ITEMS_MAX; the oldest goes first. */
  readonly #buried = new Map<string, { readonly rank: bigint; readonly until: number }>();
  #foreign = 0;
  #digest = 0;
  #common = 0;

  /** `isOurs`: whether a node's beats and states are for all of this one's segment. */
  constructor(crypto: Pick<Crypto, 'sha256'>, isOurs: (source: NodeId) => boolean) {
    this.#crypto = crypto;
    this.#isOurs = isOurs;
  }

  get digest(): number {
    return this.#digest;
  }

  get common(): number {
    return this.#common;
  }

  get size(): number {
    return this.#held.size;
  }

  get(key: string): Held | undefined {
    return this.#held.get(key);
  }

  all(): IterableIterator<Held> {
    return this.#held.values();
  }

  /** All that is for everybody, or for those of this segment, too. */
  upTo(most: Scope): HashedItem[] {
    const items: HashedItem[] = [];
    for (const held of this.#held.values()) if (held.scope <= most) items.push(held);
    return items;
  }

  /** A new item, or a newer one in its place. `undefined` when there is no room. */
  put(item: DripItem, trickle: () => Trickle): Held | undefined {
    const key = keyOfItem(item);
    let held = this.#held.get(key);
    if (!held) {
      if (this.#held.size >= DRIP_ITEMS_MAX) return undefined;
      const state = { holders: new Map(), tellers: new Set<NodeId>(), trickle: trickle(), least: 1, hash: 0 };
      held = { item, scope: Scope.Nobody, isParting: false, isLetGo: false, ...state };
      this.#held.set(key, held);
      this.#foreign++;
    }
    this.#count(held);
    held.hash = hashOf(item, this.#crypto);
    this.#count(held);
    held.item = item;
    held.isLetGo = false;
    held.holders.clear();
    held.tellers.clear();
    const before = held.scope;
    this.scope(held);
    held.isParting = before === Scope.Segment && held.scope === Scope.Nobody && item.kind === DripKind.State;
    if (held.scope === Scope.Nobody) this.#dropForeign(held);
    return held;
  }

  /** `bury`: neighbours still hold it, and must not bring it back. */
  remove(item: DripItem, bury: boolean, now: Instant): Held | undefined {
    const key = keyOfItem(item);
    const held = this.#held.get(key);
    if (!held) return undefined;
    this.#count(held);
    if (held.scope === Scope.Nobody) this.#foreign--;
    this.#held.delete(key);
    if (bury) this.#buried.set(key, { rank: held.item.rank, until: now.mono + BURIED_MS });
    for (const [key, { until }] of this.#buried) {
      if (until > now.mono && this.#buried.size <= DRIP_ITEMS_MAX) break;
      this.#buried.delete(key);
    }
    return held;
  }

  /** Whether this was forgotten here not long ago, and nothing newer has been heard of its source since. */
  isBuried(kind: DripKind, source: NodeId, rank: bigint, now: Instant): boolean {
    const buried = this.#buried.get(keyOf(kind, source, rank));
    if (!buried || buried.until <= now.mono || buried.rank < rank) return false;
    return kind === DripKind.Alert || kind === DripKind.Segment || !this.#held.has(keyOf(DripKind.Beat, source, 0n));
  }

  /** Finds out anew for whom an item is. */
  scope(held: Held): void {
    const { kind, source } = held.item;
    const isForAll = kind === DripKind.Alert || kind === DripKind.Segment;
    const scope = isForAll ? Scope.Mesh : this.#isOurs(source) ? Scope.Segment : Scope.Nobody;
    if (scope === held.scope) return;
    if (held.scope === Scope.Nobody) this.#foreign--;
    this.#count(held);
    held.scope = scope;
    this.#count(held);
    if (scope === Scope.Nobody) this.#foreign++;
  }

  /** In or out of the digests. */
  #count({ scope, hash }: Held): void {
    if (scope === Scope.Mesh) this.#common = (this.#common ^ hash) >>> 0;
    if (scope !== Scope.Nobody) this.#digest = (this.#digest ^ hash) >>> 0;
  }

  #dropForeign(newest: Held): void {
    if (this.#foreign <= FOREIGN_MAX) return;
    for (const [key, held] of this.#held) {
      if (held.scope !== Scope.Nobody || held === newest) continue;
      this.#held.delete(key);
      this.#foreign--;
      return;
    }
  }
}
