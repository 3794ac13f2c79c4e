import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';

/** While frames of a source are held its beat is asked for this often, not for each of them. */
const ASK_EVERY_MS = 500;

interface Held<Item> {
  readonly frames: { readonly item: Item; readonly until: number }[];
  askedAt: number;
}

/** Frames of boots nobody has vouched for yet, waiting for the beat that does. Bounded; the oldest goes first. */
export class HeldFrames<Item> {
  readonly #bySource = new Map<NodeId, Held<Item>>();
  #size = 0;
  #dropped = 0;

  get size(): number {
    return this.#size;
  }

  /** True when it is time to ask for the source's beat. It waits until then at the longest. */
  hold(source: NodeId, item: Item, now: number, until = now + Limit.HeldMs): boolean {
    const held = this.#bySource.get(source) ?? { frames: [], askedAt: Number.NEGATIVE_INFINITY };
    this.#bySource.set(source, held);
    held.frames.push({ item, until });
    this.#size++;
    if (held.frames.length > Limit.HeldPerSource) this.#dropFirst(held);
    if (this.#size > Limit.HeldFrames) this.#dropOldest();
    if (now - held.askedAt < ASK_EVERY_MS) return false;
    held.askedAt = now;
    return true;
  }

  /** Everything held of a source, in order of arrival. */
  release(source: NodeId): Item[] {
    const frames = this.#bySource.get(source)?.frames ?? [];
    this.#bySource.delete(source);
    this.#size -= frames.length;
    return frames.map((frame) => frame.item);
  }

  expire(now: number): void {
    for (const [source, held] of this.#bySource) {
      for (let first = held.frames[0]; first && first.until <= now; first = held.frames[0]) {
        this.#dropFirst(held);
      }
      if (held.frames.length === 0) this.#bySource.delete(source);
    }
  }

  /** How many were dropped since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #dropFirst(held: Held<Item>): void {
    held.frames.shift();
    this.#size--;
    this.#dropped++;
  }

  /** Of the source that has waited longest: sources stand in the order of their first frame. */
  #dropOldest(): void {
    const oldest = this.#bySource.entries().next();
    if (oldest.done) return;
    const [source, held] = oldest.value;
    this.#dropFirst(held);
    if (held.frames.length === 0) this.#bySource.delete(source);
  }
}
