import { byteCount, forPeople } from './format.js';

const TERMINAL_PERIOD_MS = 100;
const PIPED_PERIOD_MS = 5_000;
const BAR_WIDTH = 24;
/** Takes away the line that a terminal shows now. */
export const CLEAR_LINE = '\r\x1b[2K';

/** How far long work is, on standard error: a line that is redrawn on a terminal, a line now and then when piped. */
export class Progress {
  readonly #startedAt = Date.now();
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #totalBytes: number | undefined;
  #lastAt = 0;

  constructor(totalBytes: number | undefined) {
    this.#totalBytes = totalBytes;
  }

  show(text: string, doneBytes: number): void {
    const now = Date.now();
    if (now - this.#lastAt < (this.#isTerminal ? TERMINAL_PERIOD_MS : PIPED_PERIOD_MS)) return;
    // Work that ends at once needs no lines when piped.
    if (!this.#isTerminal && this.#lastAt === 0) {
      this.#lastAt = now;
      return;
    }
    this.#lastAt = now;
    const line = `${this.#bar(doneBytes)}${text}, ${forPeople(now - this.#startedAt)}`;
    process.stderr.write(this.#isTerminal ? `${CLEAR_LINE}${line}` : `${line}\n`);
  }

  /** Takes the redrawn line away. */
  end(): void {
    if (this.#isTerminal && this.#lastAt > 0) process.stderr.write(CLEAR_LINE);
  }

  #bar(doneBytes: number): string {
    if (this.#totalBytes === undefined || this.#totalBytes === 0) return `${byteCount(doneBytes)}: `;
    const share = Math.min(1, doneBytes / this.#totalBytes);
    if (!this.#isTerminal) return `${Math.round(share * 100)} %: `;
    const full = Math.round(share * BAR_WIDTH);
    return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${String(Math.round(share * 100)).padStart(3)} %  `;
  }
}
