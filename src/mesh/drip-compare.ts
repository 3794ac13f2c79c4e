import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { TokenBucket } from '../core/token-bucket.js';
import { FrameType } from '../wire/frame-types.js';
import { compareHashes, type HashedItem, partOf, partsFor, readHashes, writeHashes } from './drip-hashes.js';
import type { DripItem } from './drip-items.js';
import type { MeshContext } from './types.js';

/** Bytes of one part: it fits a frame of most carriers. */
const PART_BYTES = 1_000;
const PARTS_MAX = 64;
/** Two neighbours compare at most this often … */
const COMPARE_EVERY_MS = 500;
/** … and, while nothing changed by it, ever more rarely: what one of them refused it will refuse again. */
const COMPARE_MOST_MS = 60_000;
/**
 * What this node lacks each of its neighbours sends that is asked: of many that come at once, as when a crowd starts, a few are asked, and the others when
 * it has what those had.
 */
const COMPARED_AT_ONCE = 4;
const COMPARED_PER_SECOND = 4;

export interface CompareEvents {
  /** All that this neighbour is to have. */
  items(peer: NodeId): readonly HashedItem[];
  /** A number for it, equal where all of it is. */
  digest(peer: NodeId): number;
  /** The neighbour says that it holds these … */
  holds(peer: NodeId, items: Iterable<DripItem>): void;
  /** … and not these. */
  lacks(peer: NodeId, items: readonly DripItem[], now: Instant): void;
  send(peer: NodeId, type: FrameType, body: Uint8Array, now: Instant): void;
}

interface Comparison {
  readonly at: number;
  readonly waitMs: number;
  /** What both said of themselves then. */
  readonly ours: number;
  readonly theirs: number | undefined;
}

/**
 * Finds what two neighbours do not both hold: one says what it holds, in two bytes an item; the other sends what is not
 * among them, and says the same of itself if there is something it does not know.
 */
export class DripCompare {
  readonly #context: Pick<MeshContext, 'counters' | 'random'>;
  readonly #events: CompareEvents;
  readonly #last = new Map<NodeId, Comparison>();
  readonly #allowance = new TokenBucket(COMPARED_PER_SECOND, COMPARED_AT_ONCE);
  /** Neighbours to be asked when others have answered. */
  readonly #waiting = new Set<NodeId>();

  constructor(context: Pick<MeshContext, 'counters' | 'random'>, events: CompareEvents) {
    this.#context = context;
    this.#events = events;
  }

  /** A new neighbour. */
  open(peer: NodeId, now: Instant): void {
    const ours = this.#events.digest(peer);
    this.#last.set(peer, { at: now.mono, waitMs: COMPARE_EVERY_MS, ours, theirs: undefined });
    this.#waiting.add(peer);
    this.tick(now);
  }

  close(peer: NodeId): void {
    this.#last.delete(peer);
    this.#waiting.delete(peer);
  }

  tick(now: Instant): void {
    for (const peer of this.#waiting) {
      if (!this.#allowance.take(now.mono)) return;
      this.#waiting.delete(peer);
      this.#say(peer, now);
    }
  }

  nextDeadline(): number | undefined {
    return this.#waiting.size > 0 ? this.#allowance.opensAt() : undefined;
  }

  /** The neighbour does not hold what this node does: `theirs` is what it says of it. */
  differs(peer: NodeId, theirs: number, now: Instant): void {
    const ours = this.#events.digest(peer);
    const last = this.#last.get(peer);
    const inVain = last !== undefined && last.ours === ours && last.theirs === theirs;
    if (last && now.mono - last.at < (inVain ? last.waitMs : COMPARE_EVERY_MS)) return;
    const waitMs = inVain ? Math.min(COMPARE_MOST_MS, last.waitMs * 2) : COMPARE_EVERY_MS;
    this.#last.set(peer, { at: now.mono, waitMs, ours, theirs });
    this.#waiting.add(peer);
    this.tick(now);
  }

  received(peer: NodeId, payload: Uint8Array, now: Instant): void {
    const said = readHashes(payload);
    if (!said || said.parts > PARTS_MAX) return this.#context.counters.refuse('drip.malformed');
    const { part, parts, reply } = said;
    const items = this.#events.items(peer);
    const { lacking, unknown } = compareHashes(items, said);
    const lacked = new Set(lacking);
    this.#events.holds(peer, shared(items, part, parts, lacked));
    if (unknown > 0 && !reply) this.#sayPart(peer, items, part, parts, true, now);
    if (lacking.length > 0) this.#events.lacks(peer, lacking, now);
  }

  #say(peer: NodeId, now: Instant): void {
    const items = this.#events.items(peer);
    const parts = Math.min(PARTS_MAX, partsFor(items.length, PART_BYTES));
    for (let part = 0; part < parts; part++) this.#sayPart(peer, items, part, parts, false, now);
  }

  #sayPart(
    peer: NodeId,
    items: readonly HashedItem[],
    part: number,
    parts: number,
    reply: boolean,
    now: Instant,
  ): void {
    const salt = this.#context.random.u32();
    const body = writeHashes(items, { salt, part, parts, reply }, PART_BYTES);
    this.#events.send(peer, FrameType.DripHashes, body, now);
  }
}

function* shared(
  items: readonly HashedItem[],
  part: number,
  parts: number,
  lacked: ReadonlySet<DripItem>,
): Iterable<DripItem> {
  for (const { item, hash } of items) if (partOf(hash, parts) === part && !lacked.has(item)) yield item;
}
