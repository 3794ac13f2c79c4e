import { CLEAR_LINE } from '../progress.js';

/** Between two lines of what was tried, when piped. */
const PIPED_PERIOD_MS = 5_000;

interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What shrinking found, a line each, and how far it is: a line that is redrawn on a terminal, one now and then when piped. */
export class ShrinkProgress {
  readonly #screen: Screen;
  readonly #now: () => number;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(screen: Screen = process.stderr, now: () => number = Date.now) {
    this.#screen = screen;
    this.#now = now;
  }

  say(line: string): void {
    this.#saidAt = this.#now();
    this.#screen.write(`${this.#clear()}${line}\n`);
  }

  doing(text: string): void {
    if (this.#screen.isTTY === true) this.#screen.write(`${CLEAR_LINE}${text}`);
    else if (this.#now() - this.#saidAt >= PIPED_PERIOD_MS) this.say(text);
  }

  /** Takes the redrawn line away. */
  end(): void {
    this.#screen.write(this.#clear());
  }

  #clear(): string {
    return this.#screen.isTTY === true ? CLEAR_LINE : '';
  }
}
