import { concat, equalBytes } from '../../core/bytes.js';
import { TokenBucket } from '../../core/token-bucket.js';
import { BleLimit } from './limits.js';
import type { ShoutPart } from './shout.js';

interface Assembly {
  readonly parts: (Uint8Array | undefined)[];
  at: number;
}

/**
 * Puts frames together from what anybody says in adverts. Nothing here is trusted: a frame is complete or it is not, a
 * part that says something else replaces the one before, and the engine's tag decides. Repetitions make no new frame.
 */
export class Overhearing {
  /** By speaker, number and count. The first was heard longest ago. */
  readonly #assemblies = new Map<string, Assembly>();
  readonly #budget = new TokenBucket(BleLimit.OverheardPerSecond, BleLimit.OverheardPerSecond);
  readonly counters = { heard: 0, refused: 0 };

  /** The whole frame, when this part completes or changes one. */
  heard(address: string, { number, index, count, bytes }: ShoutPart, now: number): Uint8Array | undefined {
    const key = `${address} ${number} ${count}`;
    const known = this.#assemblies.get(key);
    const isStale = known === undefined || now - known.at > BleLimit.OverheardMs;
    const assembly = isStale ? { parts: new Array<Uint8Array | undefined>(count).fill(undefined), at: now } : known;
    this.#keep(key, assembly, now);
    const before = assembly.parts[index];
    if (before !== undefined && equalBytes(before, bytes)) return undefined;
    assembly.parts[index] = bytes;
    const parts = assembly.parts.filter((part) => part !== undefined);
    if (parts.length < count) return undefined;
    if (!this.#budget.take(now)) {
      // So that its repetition is another chance.
      assembly.parts[index] = undefined;
      this.counters.refused++;
      return undefined;
    }
    this.counters.heard++;
    return concat(...parts);
  }

  get size(): number {
    return this.#assemblies.size;
  }

  #keep(key: string, assembly: Assembly, now: number): void {
    assembly.at = now;
    this.#assemblies.delete(key);
    this.#assemblies.set(key, assembly);
    if (this.#assemblies.size > BleLimit.Assemblies)
      this.#assemblies.delete(this.#assemblies.keys().next().value as string);
  }
}
