/** Numbers that fit a 16-bit column. */
const MAX_INTERNED = 65_535;

/** Small numbers for repeated texts, counted so that a number is free again when nothing uses it. 0 is never given. */
export class Interner {
  readonly #numbers = new Map<string, number>();
  #texts: string[] = [''];
  #uses: number[] = [0];
  #free: number[] = [];

  /** The number of a text in use, else `undefined`. */
  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  text(number: number): string {
    return this.#texts[number] ?? '';
  }

  /** Whether a text has a number, or one is left for it. */
  hasRoom(text: string): boolean {
    return this.#numbers.has(text) || this.#free.length > 0 || this.#texts.length <= MAX_INTERNED;
  }

  /** Counts one more use. The caller has checked `hasRoom`. */
  take(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#texts.length;
      this.#numbers.set(text, number);
      this.#texts[number] = text;
      this.#uses[number] = 0;
    }
    this.#uses[number] = (this.#uses[number] as number) + 1;
    return number;
  }

  give(number: number): void {
    const uses = (this.#uses[number] as number) - 1;
    this.#uses[number] = uses;
    if (uses > 0) return;
    this.#numbers.delete(this.#texts[number] as string);
    this.#texts[number] = '';
    this.#free.push(number);
  }
}
