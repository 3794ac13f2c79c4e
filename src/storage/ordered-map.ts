import { compareKeys } from './keys.js';

/** A map from keys to values that can be walked in key order. Not bounded: its owner bounds what goes in. */
export class OrderedMap<V> {
  readonly #values = new Map<string, V>();
  #keys: string[] = [];
  // Keys appended out of order are sorted at the next walk, so that a burst of writes costs one sort.
  #sorted = true;
  #removed = 0;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#append(key);
    this.#values.set(key, value);
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    // The key stays in the list as a hole until the next tidy, so a deletion costs no shift.
    this.#removed += 1;
    return true;
  }

  /** Entries with `from <= key < to`, ascending or descending. Do not change the map while walking. */
  *entries(from?: string, to?: string, reverse = false): Generator<readonly [string, V]> {
    this.#tidy();
    const start = from === undefined ? 0 : this.#lowerBound(from);
    const end = to === undefined ? this.#keys.length : this.#lowerBound(to);
    if (reverse) for (let i = end - 1; i >= start; i--) yield this.#entryAt(i);
    else for (let i = start; i < end; i++) yield this.#entryAt(i);
  }

  copy(): OrderedMap<V> {
    const other = new OrderedMap<V>();
    for (const [key, value] of this.entries()) other.set(key, value);
    return other;
  }

  #entryAt(index: number): readonly [string, V] {
    const key = this.#keys[index] as string;
    return [key, this.#values.get(key) as V];
  }

  #append(key: string): void {
    const last = this.#keys.at(-1);
    if (last !== undefined && compareKeys(last, key) >= 0) this.#sorted = false;
    this.#keys.push(key);
  }

  #tidy(): void {
    if (!this.#sorted) this.#keys.sort(compareKeys);
    this.#sorted = true;
    if (this.#removed === 0) return;
    // A key deleted and put again may stand twice, side by side.
    this.#keys = this.#keys.filter((key, i, keys) => key !== keys[i - 1] && this.#values.has(key));
    this.#removed = 0;
  }

  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
