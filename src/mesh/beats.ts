import type { HybridClock } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { TokenBucket } from '../core/token-bucket.js';
import { beatRank, parseBeat, signBeat, verifyParsed } from '../trust/beat.js';
import { Commitments, MAX_FRAMES_PER_BEAT } from '../trust/commitments.js';
import { saltHintOf } from '../trust/identity.js';
import { type KnownNodes, Learned } from '../trust/known-nodes.js';
import type { DripItem } from './drip-items.js';
import { DripKind } from './drip-items.js';
import { longestOnTheWayMs } from './pulse.js';
import type { MeshContext } from './types.js';

/** A beat follows frames that are not link-local within this time, and comes at the latest after the other. */
const COMMIT_WITHIN_MS = 30_000;
const BEAT_EVERY_MS = 600_000;
/** The same where every neighbour is reached over a slow air alone; later where the beats of all would take more than their share of it. */
const SLOW_COMMIT_MS = 3_600_000;
const SLOW_BEAT_MS = 4 * 3_600_000;
/** Beats that are due so late are due at any time from half of that on, or all that started together would say theirs together. */
const SOONEST = 0.5;
/** There the first one waits until its author knows its surroundings: nobody waits for it, and it answers for the first states, too. */
const SLOW_FIRST_MS = 900_000;
/** Ingress neighbours whose budgets are kept. */
const BUDGETS_MAX = 512;

export interface BeatEvents {
  publish(item: DripItem, now: Instant): void;
  /** Whether this beat was forgotten here not long ago. */
  isBuried(source: NodeId, rank: bigint, now: Instant): boolean;
  members(): readonly NodeId[];
  /** Where every neighbour is reached over a slow air alone: how long beats of all nodes take of it with their share; else `undefined`. */
  slowRoundMs(): number | undefined;
  /** How far away a node is, when that is known. */
  hops(node: NodeId): number | undefined;
  /** A boot of this node is vouched for from now on. */
  learned(node: NodeId, now: Instant): void;
}

/** Signed beats: our own, which answer for what we originated, and those of others, which vouch for their boots. */
export class Beats {
  readonly commitments: Commitments;
  readonly #context: MeshContext;
  readonly #known: KnownNodes;
  readonly #clock: HybridClock;
  readonly #events: BeatEvents;
  readonly #budgets = new Map<NodeId, TokenBucket>();
  #number = 0;
  /** The first one comes at once: nobody acts on what we originate before it. */
  #dueAt = 0;
  #startedAt: number | undefined;
  #saidAt = 0;

  constructor(context: MeshContext, known: KnownNodes, clock: HybridClock, events: BeatEvents) {
    this.#context = context;
    this.#known = known;
    this.#clock = clock;
    this.#events = events;
    this.commitments = new Commitments(context.crypto);
  }

  /** Notes a frame of ours that goes beyond the next node. */
  originated(sequence: number, immutable: Uint8Array, now: Instant): void {
    this.commitments.add(sequence, immutable);
    const { pending } = this.commitments;
    if (pending >= MAX_FRAMES_PER_BEAT) this.#dueAt = Math.min(this.#dueAt, now.mono);
    else if (pending === 1)
      this.#dueAt = Math.min(this.#dueAt, now.mono + this.#within(COMMIT_WITHIN_MS, SLOW_COMMIT_MS));
  }

  /** Somebody asks for a proof that needs the next beat: over slow air it comes sooner, but no more often than others let it. */
  asked(now: Instant): void {
    if (this.commitments.pending === 0) return;
    const soonest = this.#events.slowRoundMs() === undefined ? 0 : this.#saidAt + SLOW_COMMIT_MS;
    this.#dueAt = Math.min(this.#dueAt, Math.max(now.mono + COMMIT_WITHIN_MS, soonest));
  }

  tick(now: Instant): void {
    this.#startedAt ??= now.mono;
    if (this.#dueAt > now.mono || now.mono < this.#firstAt()) return;
    const { crypto, self } = this.#context;
    const commitment = this.commitments.commitment();
    const body = signBeat(
      crypto,
      self,
      ++this.#number,
      { hlc: this.#clock.tick(now.wall), clockMs: this.#context.pulse.clockMs },
      this.#events.members(),
      commitment,
      this.commitments.lastSequence,
    );
    this.commitments.sealed(body);
    this.#saidAt = now.mono;
    this.#dueAt = now.mono + this.#within(BEAT_EVERY_MS, SLOW_BEAT_MS);
    this.#events.publish(
      {
        kind: DripKind.Beat,
        source: self.id,
        saltHint: saltHintOf(self.boot.salt),
        sequence: 0,
        rank: beatRank({ boot: self.boot, number: this.#number }),
        body,
        raisedAt: now.mono,
      },
      now,
    );
  }

  nextDeadline(): number {
    return Math.max(this.#dueAt, this.#firstAt());
  }

  /** A beat from a neighbour: its rank when it is good and newer than `heldRank`. */
  take(
    { source, body: bytes, raisedAt }: Pick<DripItem, 'source' | 'body' | 'raisedAt'>,
    heldRank: bigint | undefined,
    from: NodeId,
    now: Instant,
  ): bigint | undefined {
    const { counters, crypto } = this.#context;
    const parsed = parseBeat(bytes);
    const claimed = parsed?.beat;
    if (!parsed || !claimed || claimed.author !== source) {
      counters.refuse('beat.malformed');
      return undefined;
    }
    if (source === this.#context.self.id) return undefined;
    const rank = beatRank(claimed);
    if (heldRank !== undefined && rank <= heldRank) return undefined;
    if (this.#events.isBuried(source, rank, now)) {
      counters.refuse('beat.forgotten');
      return undefined;
    }
    if (!this.#budget(from).take(now.mono)) {
      counters.refuse('beat.too-many');
      return undefined;
    }
    const beat = verifyParsed(crypto, parsed);
    if (!beat) {
      counters.refuse('beat.signature');
      return undefined;
    }
    if (!this.#clock.observe(beat.hlc, now.wall)) counters.refuse('beat.ahead');
    const learned = this.#known.learn(beat.author, beat.publicKey, beat.boot, beat.answeredUpTo);
    if (learned === Learned.Older) {
      counters.refuse('beat.older-boot');
      return undefined;
    }
    const ageMs = Math.max(0, now.mono - (raisedAt ?? now.mono));
    this.#context.pulse.heard(source, beat.clockMs, ageMs + longestOnTheWayMs(this.#events.hops(source)), now);
    if (learned === Learned.Conflict)
      this.#context.emit({ kind: 'suspect', node: source, what: 'two boots under one counter' });
    this.#events.learned(source, now);
    return rank;
  }

  #within(usualMs: number, slowMs: number): number {
    const roundMs = this.#events.slowRoundMs();
    if (roundMs === undefined) return usualMs;
    const drawn = SOONEST + ((1 - SOONEST) * this.#context.random.below(1_000)) / 1_000;
    return Math.max(slowMs, roundMs * drawn);
  }

  #firstAt(): number {
    return this.#number === 0 && this.#events.slowRoundMs() !== undefined ? (this.#startedAt ?? 0) + SLOW_FIRST_MS : 0;
  }

  #budget(from: NodeId): TokenBucket {
    let bucket = this.#budgets.get(from);
    if (!bucket) {
      if (this.#budgets.size >= BUDGETS_MAX) this.#budgets.clear();
      // A joining node is told of everybody at once: the burst covers a mesh, the rate holds back a flood.
      bucket = new TokenBucket(Limit.StrangerChecksPerSecond, Limit.StrangerChecksPerSecond * 10);
      this.#budgets.set(from, bucket);
    }
    return bucket;
  }
}
