import { forPeople } from '../format.js';
import { CLEAR_LINE } from '../progress.js';

const TERMINAL_PERIOD_MS = 100;
const BAR_WIDTH = 24;

/** How many seeds are done, on standard error: a line that is redrawn on a terminal, a line for each seed when piped. */
export class SeedProgress {
  readonly #startedAt = Date.now();
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #shares = new Map<string, number>();
  #total = 0;
  #done = 0;
  #lastAt = 0;

  expect(seeds: number): void {
    this.#total += seeds;
  }

  /** `share` of one of them is done, 0 to 1. */
  show(name: string, share: number): void {
    this.#shares.set(name, share);
    this.#draw(name);
  }

  settled(name: string, trouble?: string): void {
    this.#shares.delete(name);
    this.#done++;
    const line = `${this.#done} of ${this.#total}: ${name}${trouble === undefined ? '' : `, ${trouble}`}, ${this.#age()}`;
    if (!this.#isTerminal) process.stderr.write(`${line}\n`);
    else {
      if (trouble !== undefined) process.stderr.write(`${CLEAR_LINE}${line}\n`);
      this.#lastAt = 0;
      this.#draw(name);
    }
  }

  /** Takes the redrawn line away. */
  end(): void {
    if (this.#isTerminal) process.stderr.write(CLEAR_LINE);
  }

  #age(): string {
    return forPeople(Date.now() - this.#startedAt);
  }

  #draw(name: string): void {
    const now = Date.now();
    if (!this.#isTerminal || now - this.#lastAt < TERMINAL_PERIOD_MS) return;
    this.#lastAt = now;
    const underWay = [...this.#shares.values()].reduce((sum, share) => sum + share, 0);
    const full = Math.round(((this.#done + underWay) / Math.max(1, this.#total)) * BAR_WIDTH);
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
    process.stderr.write(`${CLEAR_LINE}${bar} ${this.#done} of ${this.#total}  ${name}, ${this.#age()}`);
  }
}
