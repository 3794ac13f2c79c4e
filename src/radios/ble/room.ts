import type { Neighbour, Neighbours } from './neighbours.js';
import type { Parts } from './parts.js';
import { dialsFirst } from './tokens.js';

/** Another part must have been heard for so long before a link is given up for it: news of a new root takes a while to all. */
const REDUNDANT_MS = 2_000;
/** And for so long before one is given up that somebody may need. */
const NEEDED_MS = 8_000;
/** Each node waits up to this share longer, so that not all neighbours make room at once. */
const SPREAD = 0.75;
/** A neighbour with no place either is waited for longer by the one with the higher token. */
const SECOND_FACTOR = 2.5;
/** The place is kept for whom it was made for so long. */
const KEPT_MS = 6_000;
/** Room for the same neighbour is made again after this long, doubled each time up to the most. */
const AGAIN_MS = 8_000;
const AGAIN_MAX_MS = 64_000;
const TRIES_REMEMBERED = 32;

interface RoomSituation {
  readonly now: number;
  readonly ownToken: Uint8Array;
  /** Handles of the links over which neighbours have greeted and which nobody ends yet. */
  readonly links: readonly number[];
}

/**
 * When all places are taken and somebody of another part is in earshot, one link goes: one outside the tree; else one
 * whose other end says that it has another way; in the end any, whose part then looks for a place elsewhere. So a field
 * whose nodes hear enough of each other gets connected whatever the order in which links came about.
 */
export class Room {
  readonly #neighbours: Neighbours;
  readonly #parts: Parts;
  readonly #below: (bound: number) => number;
  readonly #tries = new Map<string, { count: number; at: number }>();
  #kept: { readonly key: string; readonly until: number } | undefined;
  #spread: number;

  constructor(neighbours: Neighbours, parts: Parts, below: (bound: number) => number) {
    this.#neighbours = neighbours;
    this.#parts = parts;
    this.#below = below;
    this.#spread = this.#draw();
  }

  /** Whom a place is kept for: its token in hex. */
  keptFor(now: number): string | undefined {
    if (this.#kept !== undefined && this.#kept.until <= now) this.#kept = undefined;
    return this.#kept?.key;
  }

  /** It is a neighbour now. */
  reached(key: string): void {
    this.#tries.delete(key);
    if (this.#kept?.key === key) this.#kept = undefined;
  }

  /** The handle of a link to give up now, if any. */
  make({ now, ownToken, links }: RoomSituation): number | undefined {
    if (!this.#parts.isSettled || this.keptFor(now) !== undefined) return undefined;
    for (const neighbour of this.#neighbours.ofOtherParts(this.#parts.mark, now)) {
      const handle = this.#handleFor(neighbour, ownToken, links, now);
      if (handle === undefined) continue;
      this.#note(neighbour.key, now);
      return handle;
    }
    return undefined;
  }

  #handleFor(neighbour: Neighbour, ownToken: Uint8Array, links: readonly number[], now: number): number | undefined {
    const isFirst = neighbour.isConnectable || dialsFirst(ownToken, neighbour.token);
    const waited = (now - (neighbour.otherSince as number)) / (isFirst ? 1 : SECOND_FACTOR) / this.#spread;
    const tried = this.#tries.get(neighbour.key);
    if (waited < REDUNDANT_MS || (tried !== undefined && now < tried.at + againMs(tried.count))) return undefined;
    const free = this.#pick(links.filter((handle) => this.#parts.isRedundant(handle)));
    if (free !== undefined) return free;
    const replaceable = this.#pick(links.filter((handle) => this.#parts.isReplaceable(handle)));
    if (replaceable !== undefined) return replaceable;
    return waited < NEEDED_MS ? undefined : this.#pick(links.filter((handle) => !this.#parts.isParent(handle)));
  }

  #note(key: string, now: number): void {
    this.#kept = { key, until: now + KEPT_MS };
    const count = (this.#tries.get(key)?.count ?? 0) + 1;
    // The one tried longest ago is forgotten first.
    this.#tries.delete(key);
    this.#tries.set(key, { count, at: now });
    if (this.#tries.size > TRIES_REMEMBERED) this.#tries.delete(this.#tries.keys().next().value as string);
    this.#spread = this.#draw();
  }

  #pick(handles: readonly number[]): number | undefined {
    return handles[this.#below(Math.max(1, handles.length))];
  }

  #draw(): number {
    return 1 + (SPREAD * this.#below(1_000)) / 1_000;
  }
}

const againMs = (count: number): number => Math.min(AGAIN_MAX_MS, AGAIN_MS * 2 ** Math.min(10, count - 1));
