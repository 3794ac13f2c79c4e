import type { Clock, Timer } from '../../ports/clock.js';
import { BleLimit } from './limits.js';

/** Each advert of a frame is on the air for so long, which is one event, since its interval is longer. */
const SHOWN_MS = 25;
/** All of them are repeated so often: who listens for a third of the time misses most of a round. */
const ROUNDS = 8;
/** Between rounds the ordinary adverts are on the air. */
const PAUSE_MS = 120;

export interface ShouterOptions {
  readonly clock: Clock;
  /** Whether the controller may advertise now. */
  mayAdvertise(): boolean;
  /** Brings what `advert` says on the air; resolves when it is there. */
  show(): Promise<void>;
}

/**
 * Says urgent frames in adverts, one after another, with the ordinary adverts in between: at most about half of their
 * time, and a fiftieth of the air's. What finds the queue full, or the controller unable for too long, is dropped.
 */
export class Shouter {
  readonly #options: ShouterOptions;
  readonly #waiting: (readonly Uint8Array[])[] = [];
  readonly counters = { said: 0, dropped: 0 };
  #advert: Uint8Array | undefined;
  #isBusy = false;
  #isRefused = false;
  #closed = false;
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined;

  constructor(options: ShouterOptions) {
    this.#options = options;
  }

  /** What is to be on the air instead of the ordinary advert. */
  get advert(): Uint8Array | undefined {
    return this.#advert;
  }

  /** The adverts of one frame; false when too many frames wait. */
  say(adverts: readonly Uint8Array[]): boolean {
    if (this.#closed || this.#waiting.length >= BleLimit.QueuedShouts) {
      this.counters.dropped++;
      return false;
    }
    this.#waiting.push(adverts);
    if (!this.#isBusy) void this.#work();
    return true;
  }

  /** The controller would not show it. */
  refused(): void {
    this.#isRefused = true;
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#advert = undefined;
    this.#pause?.timer.cancel();
    this.#pause?.end();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let adverts = this.#waiting.shift(); adverts !== undefined; adverts = this.#waiting.shift()) {
      if (await this.#shout(adverts)) this.counters.said++;
      else this.counters.dropped++;
    }
    this.#isBusy = false;
  }

  /** False when the controller could not, or would not, say it even once. */
  async #shout(adverts: readonly Uint8Array[]): Promise<boolean> {
    let rounds = 0;
    const { clock, show } = this.#options;
    const until = clock.now() + BleLimit.ShoutWaitMs;
    for (let round = 0; round < ROUNDS && !this.#closed; round++) {
      while (!this.#options.mayAdvertise() && !this.#closed && clock.now() < until) await this.#wait(PAUSE_MS);
      if (!this.#options.mayAdvertise() || this.#closed) break;
      this.#isRefused = false;
      for (const advert of adverts) {
        if (this.#closed || this.#isRefused) break;
        this.#advert = advert;
        await show();
        if (!this.#isRefused) await this.#wait(SHOWN_MS);
      }
      this.#advert = undefined;
      if (!this.#isRefused && !this.#closed) rounds++;
      await show();
      await this.#wait(PAUSE_MS);
    }
    return rounds > 0;
  }

  #wait(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#pause = { timer: this.#options.clock.timer('ble.shout', ms, resolve), end: resolve };
    });
  }
}
