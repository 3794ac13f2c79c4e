import { equalBytes } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { TokenBucket } from '../core/token-bucket.js';
import { isSegmentSigned, memberOf, parseSegment, type SegmentSummary } from '../trust/segment-summary.js';
import type { DripItem } from './drip-items.js';
import type { SegmentSize } from './segment-merging.js';
import type { MeshContext } from './types.js';

/** A summary says what is true for so long; its head repeats it well before. */
export const SUMMARY_LIFE_MS = 20 * 60_000;
/** Signatures of summaries checked for each neighbour: at once those of a large mesh, then a few a second. */
const CHECKS_BURST = Limit.Segments;
const CHECKS_PER_SECOND = 4;
const BUDGETS_MAX = 256;

/** The members of a segment that became part of another are there, and in what its head says, after so long; after the other time, whatever it says. */
const GATHERED_AFTER_MS = 20_000;
const GATHERED_AT_LAST_MS = 60_000;

interface Held {
  readonly summary: SegmentSummary;
  readonly item: DripItem;
  readonly until: number;
}

/** Those of a segment that became part of another. */
interface Moving {
  readonly to: NodeId;
  readonly count: number;
  readonly since: number;
}

/** The segments of the mesh by their heads' word: who is in which, and which lie next to each other. */
export class SegmentMap {
  readonly #context: Pick<MeshContext, 'crypto' | 'counters'>;
  readonly #held = new Map<NodeId, Held>();
  /** By their last head, one of those held. */
  readonly #moving = new Map<NodeId, Moving>();
  readonly #budgets = new Map<NodeId, TokenBucket>();
  /** By target: how many segments away it is from each, while nothing has changed. */
  readonly #distances = new Map<NodeId, ReadonlyMap<NodeId, number>>();

  constructor(context: Pick<MeshContext, 'crypto' | 'counters'>) {
    this.#context = context;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Segments that have members. */
  get alive(): number {
    let alive = 0;
    for (const { summary } of this.#held.values()) if (summary.members.length > 0) alive++;
    return alive;
  }

  all(): SegmentSummary[] {
    return [...this.#held.values()].map(({ summary }) => summary);
  }

  /** What heads say of the size of their segments, and those on their way into them. */
  sizes(now: Instant): Map<NodeId, SegmentSize> {
    const sizes = new Map<NodeId, SegmentSize>();
    for (const { head, members, beyond } of this.all()) sizes.set(head, { size: members.length, beyond });
    for (const { to, count, since } of this.#moving.values()) {
      const into = sizes.get(to);
      const saidAt = (this.#held.get(to)?.until ?? 0) - SUMMARY_LIFE_MS;
      if (into && saidAt < since + GATHERED_AFTER_MS && now.mono < since + GATHERED_AT_LAST_MS)
        sizes.set(to, { size: into.size + count, beyond: into.beyond });
    }
    return sizes;
  }

  get(head: NodeId): SegmentSummary | undefined {
    return this.#held.get(head)?.summary;
  }

  /** A summary from a neighbour: its rank when it is good and newer than `heldRank`. */
  take(item: Omit<DripItem, 'rank'>, heldRank: bigint | undefined, from: NodeId, now: Instant): bigint | undefined {
    const { counters, crypto } = this.#context;
    const held = this.#held.get(item.source);
    // From each neighbour comes a copy.
    if (held && heldRank !== undefined && equalBytes(held.item.body, item.body)) return undefined;
    const parsed = parseSegment(item.body);
    if (!parsed || parsed.head !== item.source) {
      counters.refuse('segment.malformed');
      return undefined;
    }
    if (heldRank !== undefined && parsed.rank <= heldRank) return undefined;
    const raisedAt = item.raisedAt ?? now.mono;
    if (raisedAt + SUMMARY_LIFE_MS <= now.mono) counters.refuse('segment.old');
    else if (!this.#held.has(parsed.head) && this.#held.size >= Limit.Segments) counters.refuse('segment.limit');
    else if (!this.#budget(from).take(now.mono)) counters.refuse('segment.too-many');
    else if (!isSegmentSigned(crypto, parsed)) counters.refuse('segment.signature');
    else {
      this.put({ ...item, rank: parsed.rank }, parsed, raisedAt);
      return parsed.rank;
    }
    return undefined;
  }

  put(item: DripItem, summary: SegmentSummary, raisedAt: number): void {
    const count = this.get(summary.head)?.members.length ?? 0;
    this.#remove(summary.head);
    const [to] = summary.beyond;
    if (count > 0 && summary.members.length === 0 && to !== undefined)
      this.#moving.set(summary.head, { to, count, since: raisedAt });
    this.#held.set(summary.head, { summary, item, until: raisedAt + SUMMARY_LIFE_MS });
    this.#distances.clear();
  }

  /** Lets go of what nobody has repeated; these are to be forgotten. */
  expired(now: Instant): DripItem[] {
    const gone: DripItem[] = [];
    for (const { item, until } of this.#held.values()) if (until <= now.mono) gone.push(item);
    for (const { source } of gone) this.#remove(source);
    return gone;
  }

  /** The segments that say this node is theirs. */
  of(node: NodeId): NodeId[] {
    const member = memberOf(node);
    const heads: NodeId[] = [];
    for (const { summary } of this.#held.values()) if (hasMember(summary, member)) heads.push(summary.head);
    return heads;
  }

  /** How many segments away `target` is from each of the others, over those that both name each other. */
  distancesTo(target: NodeId): ReadonlyMap<NodeId, number> {
    let distances = this.#distances.get(target);
    if (!distances) {
      distances = this.#search(target);
      this.#distances.set(target, distances);
    }
    return distances;
  }

  #search(target: NodeId): ReadonlyMap<NodeId, number> {
    const distances = new Map<NodeId, number>([[target, 0]]);
    const open = [target];
    for (let at = open.shift(); at !== undefined; at = open.shift()) {
      const distance = (distances.get(at) as number) + 1;
      for (const next of this.#held.get(at)?.summary.beyond ?? []) {
        if (distances.has(next) || !this.#held.get(next)?.summary.beyond.includes(at)) continue;
        distances.set(next, distance);
        open.push(next);
      }
    }
    return distances;
  }

  #remove(head: NodeId): void {
    const held = this.#held.get(head);
    if (!held) return;
    this.#held.delete(head);
    this.#moving.delete(head);
    this.#distances.clear();
  }

  #budget(from: NodeId): TokenBucket {
    let budget = this.#budgets.get(from);
    if (!budget) {
      if (this.#budgets.size >= BUDGETS_MAX) this.#budgets.clear();
      budget = new TokenBucket(CHECKS_PER_SECOND, CHECKS_BURST);
      this.#budgets.set(from, budget);
    }
    return budget;
  }
}

/** They are in rising order. */
function hasMember({ members }: SegmentSummary, member: number): boolean {
  let [from, to] = [0, members.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((members[middle] as number) < member) from = middle + 1;
    else to = middle;
  }
  return members[from] === member;
}
