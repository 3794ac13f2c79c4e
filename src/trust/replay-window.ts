/** Sequences behind the newest that can still be told fresh from replayed; anything older is refused. */
export const WINDOW_BITS = 16_384;

/**
 * Which sequences of one boot of one source were seen (the anti-replay window of RFC 4303, made wide enough for
 * messages that waited on their way). Sequences are compared modulo 2³².
 */
export class ReplayWindow {
  /** Made with the first sequence: of most sources nothing is ever heard but their beat. */
  #bits: Uint32Array | undefined;
  #newest: number | undefined;
  #floor: number | undefined;
  #isFloorCertain = false;

  /**
   * Everything up to this one is history: what came before we knew the source is not for us. Takes effect once; a guess
   * at it holds until then.
   */
  startAfter(sequence: number, isGuess = false): void {
    if (this.#isFloorCertain) return;
    this.#isFloorCertain = !isGuess;
    if (this.#floor === undefined || ((sequence - this.#floor) | 0) > 0) this.#floor = sequence;
  }

  /** Whether this sequence has neither been seen nor fallen out of the window. */
  isFresh(sequence: number): boolean {
    if (this.#floor !== undefined && ((sequence - this.#floor) | 0) <= 0) return false;
    if (this.#newest === undefined) return true;
    const ahead = (sequence - this.#newest) | 0;
    if (ahead > 0) return true;
    return -ahead < WINDOW_BITS && !this.#get(sequence);
  }

  /** Notes the sequence; false when it was not fresh. */
  accept(sequence: number): boolean {
    if (!this.isFresh(sequence)) return false;
    if (this.#newest === undefined) this.#newest = sequence;
    const ahead = (sequence - this.#newest) | 0;
    if (ahead > 0) this.#advance(ahead, sequence);
    this.#set(sequence);
    return true;
  }

  #advance(ahead: number, sequence: number): void {
    if (ahead >= WINDOW_BITS) this.#bits?.fill(0);
    else for (let i = 1; i <= ahead; i++) this.#clear((this.#newest as number) + i);
    this.#newest = sequence;
  }

  #get(sequence: number): boolean {
    const bit = (sequence >>> 0) % WINDOW_BITS;
    return this.#bits !== undefined && (((this.#bits[bit >>> 5] as number) >>> (bit & 31)) & 1) === 1;
  }

  #set(sequence: number): void {
    this.#bits ??= new Uint32Array(WINDOW_BITS / 32);
    const bit = (sequence >>> 0) % WINDOW_BITS;
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] as number) | (1 << (bit & 31));
  }

  #clear(sequence: number): void {
    if (!this.#bits) return;
    const bit = (sequence >>> 0) % WINDOW_BITS;
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] as number) & ~(1 << (bit & 31));
  }
}
