/** Rows by the time they expire, earliest first. A row may be in it several times; the owner skips stale entries. */
export class ExpiryHeap {
  #times = new Float64Array(256);
  #rows = new Uint32Array(256);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The earliest time, or `undefined`. */
  get next(): number | undefined {
    return this.#size > 0 ? this.#times[0] : undefined;
  }

  push(time: number, row: number): void {
    if (this.#size === this.#rows.length) this.#grow();
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#times[parent] as number) <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#times[at] = time;
    this.#rows[at] = row;
  }

  /** Removes the earliest and gives its row. Only when there is one. */
  pop(): number {
    const row = this.#rows[0] as number;
    const last = --this.#size;
    const time = this.#times[last] as number;
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (child + 1 < last && (this.#times[child + 1] as number) < (this.#times[child] as number)) child += 1;
      if ((this.#times[child] as number) >= time) break;
      this.#move(child, at);
      at = child;
    }
    this.#times[at] = time;
    this.#rows[at] = this.#rows[last] as number;
    return row;
  }

  clear(): void {
    this.#size = 0;
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number;
    this.#rows[to] = this.#rows[from] as number;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const rows = new Uint32Array(this.#rows.length * 2);
    times.set(this.#times);
    rows.set(this.#rows);
    this.#times = times;
    this.#rows = rows;
  }
}
