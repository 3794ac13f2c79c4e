import type { StoreEntry, StoreOp } from '../ports/store.js';
import { compareKeys } from './keys.js';
import { OrderedMap } from './ordered-map.js';

/** `null` stands for a key that a batch deletes. */
type Value = Uint8Array | null;

interface Layer {
  readonly batch: number;
  value: Value;
  below: Layer | undefined;
}

export interface RangeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
}

export const DEFAULT_RANGE_LIMIT = 1_000;

/**
 * What submitted batches will change once they are on disk, so that reads see them at once. A key may be touched by
 * several batches: each keeps its own layer, and the loss of one batch uncovers the layer below.
 */
export class Pending {
  readonly #spaces = new Map<string, OrderedMap<Layer>>();

  add(batch: number, ops: readonly StoreOp[]): void {
    for (const op of ops) {
      let space = this.#spaces.get(op.space);
      if (!space) {
        space = new OrderedMap();
        this.#spaces.set(op.space, space);
      }
      const value = op.op === 'put' ? op.value : null;
      const top = space.get(op.key);
      if (top?.batch === batch) top.value = value;
      else space.set(op.key, { batch, value, below: top });
    }
  }

  /** Forgets a batch, whether it reached the disk or failed. */
  remove(batch: number, ops: readonly StoreOp[]): void {
    for (const op of ops) {
      const space = this.#spaces.get(op.space);
      const top = space?.get(op.key);
      if (!space || !top) continue;
      const rest = without(top, batch);
      if (rest === undefined) space.delete(op.key);
      else if (rest !== top) space.set(op.key, rest);
      if (space.size === 0) this.#spaces.delete(op.space);
    }
  }

  clear(): void {
    this.#spaces.clear();
  }

  /** The value, `null` when it is about to be deleted, `undefined` when no pending batch touches the key. */
  get(space: string, key: string): Value | undefined {
    return this.#spaces.get(space)?.get(key)?.value;
  }

  touches(space: string): boolean {
    return this.#spaces.has(space);
  }

  *entries(space: string, options: RangeOptions = {}): Generator<readonly [string, Value]> {
    const layers = this.#spaces.get(space);
    if (!layers) return;
    for (const [key, layer] of layers.entries(options.from, options.to, options.reverse)) yield [key, layer.value];
  }
}

function without(top: Layer, batch: number): Layer | undefined {
  if (top.batch === batch) return top.below;
  for (let layer = top; layer.below; layer = layer.below) {
    if (layer.below.batch !== batch) continue;
    layer.below = layer.below.below;
    break;
  }
  return top;
}

/**
 * Merges what is on disk (in the direction asked, unlimited) with what is pending; values are copies. Reads no more
 * of the disk than `limit` needs.
 */
export function mergeRange(
  disk: Iterable<StoreEntry>,
  pending: Iterable<readonly [string, Value]>,
  options: RangeOptions,
): StoreEntry[] {
  const limit = options.limit ?? DEFAULT_RANGE_LIMIT;
  const found: StoreEntry[] = [];
  if (limit <= 0) return found;
  const changes = pending[Symbol.iterator]();
  let change = changes.next();
  const before = (a: string, b: string): boolean => (options.reverse ? compareKeys(a, b) > 0 : compareKeys(a, b) < 0);
  const take = (key: string, value: Value): boolean => {
    if (value !== null) found.push({ key, value: value.slice() });
    return found.length >= limit;
  };
  for (const entry of disk) {
    while (!change.done && before(change.value[0], entry.key)) {
      if (take(change.value[0], change.value[1])) return found;
      change = changes.next();
    }
    if (!change.done && change.value[0] === entry.key) {
      if (take(entry.key, change.value[1])) return found;
      change = changes.next();
    } else {
      found.push(entry);
      if (found.length >= limit) return found;
    }
  }
  for (; !change.done; change = changes.next()) if (take(change.value[0], change.value[1])) return found;
  return found;
}
