import { equalBytes } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { type Boot, saltHintOf } from './identity.js';
import { ReplayWindow } from './replay-window.js';

/** Where a frame's (source, salt hint, sequence) stands. */
export const Freshness = {
  Fresh: 'fresh',
  /** Seen before, or older than the window. */
  Replayed: 'replayed',
  /** No boot of this source with this hint has been vouched for yet. */
  UnknownBoot: 'unknown-boot',
} as const;
export type Freshness = (typeof Freshness)[keyof typeof Freshness];

/** What a vouched-for statement about a boot changed. */
export const Learned = { New: 'new', Known: 'known', Older: 'older', Conflict: 'conflict' } as const;
export type Learned = (typeof Learned)[keyof typeof Learned];

interface KnownBoot extends Boot {
  readonly hint: number;
  readonly window: ReplayWindow;
}

interface KnownNode {
  readonly publicKey: Uint8Array;
  /** Newest first. */
  boots: KnownBoot[];
}

interface PresumedBoot {
  readonly saltHint: number;
  readonly window: ReplayWindow;
}

/** Nodes whose boot is presumed; beyond, the one presumed first goes. */
export const PRESUMED_MAX = 512;
/** Frames that others overtook on their way are not taken for history. */
const OVERTAKEN = 64;

/**
 * The nodes whose keys were proven, and the boots they vouched for. Frames of a boot nobody vouched for are not acted
 * on, so what was recorded before a restart cannot be played back after it.
 */
export class KnownNodes {
  readonly #nodes = new Map<NodeId, KnownNode>();
  readonly #presumed = new Map<NodeId, PresumedBoot>();
  #generation = 0;

  /** Another number whenever a boot came or went: until then `windowOf` gives what it gave. */
  get generation(): number {
    return this.#generation;
  }

  publicKey(id: NodeId): Uint8Array | undefined {
    return this.#nodes.get(id)?.publicKey;
  }

  currentBoot(id: NodeId): Boot | undefined {
    return this.#nodes.get(id)?.boots[0];
  }

  /**
   * Takes a boot from a statement whose signature is known to be good. `Older`: a boot before the newest known one, a
   * replay. `Conflict`: two salts under one boot counter, the sign of a restored or cloned card; both are kept apart.
   * `committedUpTo`: the last sequence the source's beat answers for. Of a boot we had not heard of it is history: what
   * was recorded before this node started cannot be played to it.
   */
  learn(id: NodeId, publicKey: Uint8Array, boot: Boot, committedUpTo?: number): Learned {
    let node = this.#nodes.get(id);
    if (!node) {
      this.#generation++;
      node = { publicKey: publicKey.slice(), boots: [] };
      this.#nodes.set(id, node);
      this.#evict();
    }
    const hint = saltHintOf(boot.salt);
    const sameHint = node.boots.find((known) => known.hint === hint);
    const newest = node.boots[0];
    if (newest && boot.counter < newest.counter) return Learned.Older;
    if (sameHint && equalBytes(sameHint.salt, boot.salt)) {
      if (committedUpTo !== undefined) sameHint.window.startAfter(committedUpTo);
      return Learned.Known;
    }
    const conflict = newest !== undefined && boot.counter === newest.counter;
    const presumed = this.#presumed.get(id);
    this.#presumed.delete(id);
    const window = presumed?.saltHint === hint ? presumed.window : new ReplayWindow();
    const learned: KnownBoot = { salt: boot.salt.slice(), hint, counter: boot.counter, window };
    if (committedUpTo !== undefined) learned.window.startAfter(committedUpTo);
    this.#generation++;
    node.boots = [learned, ...node.boots.filter((known) => known !== sameHint)].slice(0, Limit.BootsPerNode);
    return conflict ? Learned.Conflict : Learned.New;
  }

  /**
   * Takes the boot of a member's frame, whose tag is good, for its present one where nothing is known of that node: until
   * somebody vouches for one, and only from this sequence on, but for a few that it overtook. False where another boot is
   * known or presumed: that needs a signature.
   */
  presume(id: NodeId, saltHint: number, sequence: number): boolean {
    if (this.#nodes.has(id)) return false;
    const presumed = this.#presumed.get(id);
    if (presumed) return presumed.saltHint === saltHint;
    this.#generation++;
    const window = new ReplayWindow();
    window.startAfter(sequence - OVERTAKEN, true);
    this.#presumed.set(id, { saltHint, window });
    if (this.#presumed.size > PRESUMED_MAX) this.#presumed.delete(this.#presumed.keys().next().value as NodeId);
    return true;
  }

  freshness(id: NodeId, saltHint: number, sequence: number): Freshness {
    const window = this.windowOf(id, saltHint);
    if (!window) return Freshness.UnknownBoot;
    return window.isFresh(sequence) ? Freshness.Fresh : Freshness.Replayed;
  }

  /** Marks a sequence as acted on; false when it had been already. */
  accept(id: NodeId, saltHint: number, sequence: number): boolean {
    this.used(id);
    return this.windowOf(id, saltHint)?.accept(sequence) ?? false;
  }

  /** Map order serves as recency, once it may matter soon: what is used moves to the end. */
  used(id: NodeId): void {
    if (this.#nodes.size <= Limit.KnownNodes / 2) return;
    const node = this.#nodes.get(id);
    if (!node) return;
    this.#nodes.delete(id);
    this.#nodes.set(id, node);
  }

  /** Of the boot with this hint, when it was vouched for or is presumed. */
  windowOf(id: NodeId, saltHint: number): ReplayWindow | undefined {
    const presumed = this.#presumed.get(id);
    if (presumed?.saltHint === saltHint) return presumed.window;
    const node = this.#nodes.get(id);
    return node && windowOf(node, saltHint);
  }

  forget(id: NodeId): void {
    this.#generation++;
    this.#nodes.delete(id);
    this.#presumed.delete(id);
  }

  #evict(): void {
    if (this.#nodes.size <= Limit.KnownNodes) return;
    const oldest = this.#nodes.keys().next();
    if (!oldest.done) this.#nodes.delete(oldest.value);
  }
}

function windowOf({ boots }: KnownNode, saltHint: number): ReplayWindow | undefined {
  for (const boot of boots) if (boot.hint === saltHint) return boot.window;
  return undefined;
}
