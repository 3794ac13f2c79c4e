/** How many records need each signed batch, and which batches none needs any more. Bounded by the records held. */
export class BatchRefs {
  // Uses × 2, plus 1 once the batch is durable: one number an entry.
  readonly #state = new Map<bigint, number>();
  readonly #idle = new Set<bigint>();

  /** Counts a use. True while the batch is not durable: write it along. */
  take(ref: bigint): boolean {
    const state = (this.#state.get(ref) ?? 0) + 2;
    this.#state.set(ref, state);
    this.#idle.delete(ref);
    return (state & 1) === 0;
  }

  durable(ref: bigint): void {
    const state = this.#state.get(ref);
    if (state !== undefined) this.#state.set(ref, state | 1);
  }

  give(ref: bigint): void {
    const state = (this.#state.get(ref) ?? 2) - 2;
    this.#state.set(ref, state);
    if (state < 2) this.#idle.add(ref);
  }

  has(ref: bigint): boolean {
    return this.#state.has(ref);
  }

  get size(): number {
    return this.#state.size;
  }

  /** Batches to delete from the store; they are forgotten here. */
  takeIdle(): bigint[] {
    const refs = [...this.#idle];
    this.#idle.clear();
    for (const ref of refs) this.#state.delete(ref);
    return refs;
  }
}
