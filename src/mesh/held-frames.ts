import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';

export interface HeldFrame<Item> {
  readonly item: Item;
  readonly at: number;
}

/** Frames of boots nobody has vouched for yet, waiting for the beat that does. Bounded; the oldest goes first. */
export class HeldFrames<Item> {
  readonly #bySource = new Map<NodeId, HeldFrame<Item>[]>();
  #size = 0;
  dropped = 0;

  get size(): number {
    return this.#size;
  }

  hold(source: NodeId, item: Item, now: number): void {
    const frames = this.#bySource.get(source) ?? [];
    frames.push({ item, at: now });
    this.#size++;
    if (frames.length > Limit.HeldPerSource) {
      frames.shift();
      this.#size--;
      this.dropped++;
    }
    this.#bySource.set(source, frames);
    if (this.#size > Limit.HeldFrames) this.#dropOldest();
  }

  /** Everything held of a source, in order of arrival. */
  release(source: NodeId): Item[] {
    const frames = this.#bySource.get(source) ?? [];
    this.#bySource.delete(source);
    this.#size -= frames.length;
    return frames.map((frame) => frame.item);
  }

  expire(now: number): void {
    for (const [source, frames] of this.#bySource) {
      const kept = frames.filter((frame) => now - frame.at < Limit.HeldMs);
      this.#size -= frames.length - kept.length;
      this.dropped += frames.length - kept.length;
      if (kept.length > 0) this.#bySource.set(source, kept);
      else this.#bySource.delete(source);
    }
  }

  #dropOldest(): void {
    const oldest = this.#bySource.entries().next();
    if (oldest.done) return;
    const [source, frames] = oldest.value;
    frames.shift();
    this.#size--;
    this.dropped++;
    if (frames.length === 0) this.#bySource.delete(source);
  }
}
