/** 64-bit keys of rows, in halves. The arrays may be replaced by larger ones at any time. */
export interface KeyColumns {
  readonly hi: Uint32Array;
  readonly lo: Uint32Array;
}

const START_SLOTS = 64;

/**
 * Row by key: open addressing over a typed array, 4 bytes a slot, at most half full. Slots are chosen under a
 * secret, so that nobody can grind keys into one run. Bounded by its owner's rows.
 */
export class KeyTable {
  readonly #columns: KeyColumns;
  readonly #secret: number;
  // Row + 1; 0 is a free slot.
  #slots = new Uint32Array(START_SLOTS);
  #size = 0;

  constructor(columns: KeyColumns, secret: number) {
    this.#columns = columns;
    this.#secret = secret | 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The row, or -1. */
  find(hi: number, lo: number): number {
    const slot = this.#slotOf(hi, lo);
    return (this.#slots[slot] as number) - 1;
  }

  /** False, and no change, when another row already has the row's key. */
  insert(row: number): boolean {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    const slot = this.#slotOf(this.#columns.hi[row] as number, this.#columns.lo[row] as number);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = row + 1;
    this.#size += 1;
    return true;
  }

  /** Lets `other`, which has the same key, stand for the key. */
  replace(row: number, other: number): void {
    const slot = this.#slotOf(this.#columns.hi[row] as number, this.#columns.lo[row] as number);
    if (this.#slots[slot] === row + 1) this.#slots[slot] = other + 1;
  }

  /** Must be called while the row still has its key. False when the key is not there under this row. */
  remove(row: number): boolean {
    let hole = this.#slotOf(this.#columns.hi[row] as number, this.#columns.lo[row] as number);
    if (this.#slots[hole] !== row + 1) return false;
    const mask = this.#slots.length - 1;
    // Moves later members of the run back, so that no run ever has a gap.
    for (let at = (hole + 1) & mask; this.#slots[at] !== 0; at = (at + 1) & mask) {
      const other = (this.#slots[at] as number) - 1;
      const home = this.#home(this.#columns.hi[other] as number, this.#columns.lo[other] as number);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#slots[hole] = other + 1;
      hole = at;
    }
    this.#slots[hole] = 0;
    this.#size -= 1;
    return true;
  }

  #home(hi: number, lo: number): number {
    let h = Math.imul(lo ^ this.#secret, 0x9e37_79b1);
    h = Math.imul(h ^ (h >>> 15) ^ hi, 0x85eb_ca77 ^ this.#secret);
    return (h ^ (h >>> 13)) & (this.#slots.length - 1);
  }

  #slotOf(hi: number, lo: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = this.#home(hi, lo); ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] as number) - 1;
      if (row < 0 || (this.#columns.hi[row] === hi && this.#columns.lo[row] === lo)) return slot;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (const value of old) {
      if (value === 0) continue;
      const row = value - 1;
      this.#slots[this.#slotOf(this.#columns.hi[row] as number, this.#columns.lo[row] as number)] = value;
    }
  }
}
