/** A load of at most 8/15: fuller tables save a few bytes and cost a third more time. */
const cellsFor = (slots: number): number => slots + (slots >>> 3) * 7 + 4;

/**
 * Open addressing from a 32-bit hash to a slot number, in typed arrays. The owner keeps the keys; a cell holds the
 * slot and as many bits of the hash as are left, so that most misses end without a look at a key.
 *
 * Finding is a loop, so that no closure is called for each key:
 * `let slot = table.first(hash); while (slot >= 0 && !same(slot)) slot = table.next();`
 */
export class SlotTable {
  #cells: Uint32Array = new Uint32Array(0);
  #hashes: Uint32Array = new Uint32Array(0);
  #slotBits = 1;
  #cursor = 0;
  #wanted = 0;

  constructor(slots: number) {
    this.#make(slots);
  }

  /** Bytes of a table with room for so many. */
  static bytesOf(slots: number): number {
    return (slots + cellsFor(slots)) * Uint32Array.BYTES_PER_ELEMENT;
  }

  get bytes(): number {
    return this.#cells.byteLength + this.#hashes.byteLength;
  }

  clear(): void {
    this.#cells.fill(0);
  }

  /** Room for more slots; what is in the table stays. */
  grow(slots: number): void {
    const cells = this.#cells;
    const hashes = this.#hashes;
    const mask = (1 << this.#slotBits) - 1;
    this.#make(slots);
    for (const cell of cells) {
      const slot = (cell & mask) - 1;
      if (slot >= 0) this.insert(hashes[slot] as number, slot);
    }
  }

  /** The first slot that may hold a key of this hash, or -1. */
  first(hash: number): number {
    this.#wanted = this.#tag(hash);
    this.#cursor = this.#home(hash);
    return this.#scan();
  }

  /** The next one after the last answer, or -1. */
  next(): number {
    this.#cursor = this.#after(this.#cursor);
    return this.#scan();
  }

  /** The key must not be there, and there must be room (the owner counts). */
  insert(hash: number, slot: number): void {
    let at = this.#home(hash);
    while (this.#cells[at] !== 0) at = this.#after(at);
    this.#cells[at] = this.#cell(hash, slot);
    this.#hashes[slot] = hash;
  }

  /** Takes a slot out and closes the gap behind it. */
  erase(slot: number): void {
    const cells = this.#cells;
    const mask = (1 << this.#slotBits) - 1;
    let gap = this.#locate(slot);
    for (let at = this.#after(gap); cells[at] !== 0; at = this.#after(at)) {
      const home = this.#home(this.#hashes[((cells[at] as number) & mask) - 1] as number);
      if (this.#distance(home, at) < this.#distance(gap, at)) continue;
      cells[gap] = cells[at] as number;
      gap = at;
    }
    cells[gap] = 0;
  }

  /** The key of `from` has moved to slot `to`. */
  move(from: number, to: number): void {
    const hash = this.#hashes[from] as number;
    this.#cells[this.#locate(from)] = this.#cell(hash, to);
    this.#hashes[to] = hash;
  }

  #make(slots: number): void {
    const hashes = new Uint32Array(slots);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#cells = new Uint32Array(cellsFor(slots));
    this.#slotBits = 32 - Math.clz32(slots + 1);
  }

  #scan(): number {
    const cells = this.#cells;
    const bits = this.#slotBits;
    for (let at = this.#cursor; ; at = this.#after(at)) {
      const cell = cells[at] as number;
      if (cell === 0) return -1;
      if (cell >>> bits === this.#wanted) {
        this.#cursor = at;
        return (cell & ((1 << bits) - 1)) - 1;
      }
    }
  }

  #locate(slot: number): number {
    const hash = this.#hashes[slot] as number;
    const cell = this.#cell(hash, slot);
    let at = this.#home(hash);
    while (this.#cells[at] !== cell) at = this.#after(at);
    return at;
  }

  #cell(hash: number, slot: number): number {
    return ((this.#tag(hash) << this.#slotBits) | (slot + 1)) >>> 0;
  }

  #tag(hash: number): number {
    return hash & (0xffffffff >>> this.#slotBits);
  }

  #home(hash: number): number {
    return Math.floor((hash * this.#cells.length) / 0x1_0000_0000);
  }

  #after(at: number): number {
    return at + 1 === this.#cells.length ? 0 : at + 1;
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to + this.#cells.length - from;
  }
}
