import { type DrawBytes, privateAddress } from './tokens.js';

/** A controller's address on the air: a new one with each name that is shown, and never that of another controller. */
export class OwnAddress {
  readonly #random: DrawBytes;
  #showing = 0;
  #bytes: Uint8Array | undefined;

  constructor(random: DrawBytes) {
    this.#random = random;
  }

  /** `showings`: names shown so far. Before the first it is the controller's own, `undefined`. */
  at(showings: number): Uint8Array | undefined {
    if (showings !== this.#showing) {
      this.#showing = showings;
      this.#bytes = privateAddress(this.#random);
    }
    return this.#bytes;
  }
}
