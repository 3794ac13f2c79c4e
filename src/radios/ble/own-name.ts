import type { Name } from './link-packets.js';
import { slotAt, type Tokens } from './tokens.js';

const SHOW_AFTER_MS = 1_000;

export interface OwnNameEvents {
  /** Neighbours are to be told the new name. */
  renamed(): void;
  /** Adverts and addresses are to change. */
  shown(): void;
}

/** What we are called in this slot, on links and on the air. Links hear of a new name before it is shown, so that nobody takes it for somebody else's and dials. */
export class OwnName {
  readonly #tokens: Tokens;
  readonly #events: OwnNameEvents;
  #slot: number | undefined;
  #namedAt = 0;
  #shownAt = 0;
  #showAt = Number.POSITIVE_INFINITY;
  #showings = 0;

  constructor(tokens: Tokens, events: OwnNameEvents) {
    this.#tokens = tokens;
    this.#events = events;
  }

  get onLinks(): Name {
    return this.#tokens.name(this.#namedAt);
  }

  get onAir(): { readonly hint: number; readonly token: Uint8Array } {
    return { hint: this.#tokens.hint(this.#shownAt), token: this.#tokens.name(this.#shownAt).token };
  }

  /** Names shown on the air so far: with each, addresses are new, too. */
  get showings(): number {
    return this.#showings;
  }

  tick(now: number, wall: number, hasLinks: boolean): void {
    if (slotAt(wall) !== this.#slot) {
      this.#slot = slotAt(wall);
      this.#namedAt = wall;
      this.#showAt = hasLinks ? now + SHOW_AFTER_MS : now;
      this.#events.renamed();
    }
    if (now < this.#showAt) return;
    this.#showAt = Number.POSITIVE_INFINITY;
    this.#shownAt = this.#namedAt;
    this.#showings++;
    this.#events.shown();
  }
}
