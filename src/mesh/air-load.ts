import { FIRST_FAR_TYPE, FrameType, isForEars } from '../wire/frame-types.js';

/** Share of the channel, in the long run, for what nobody waits for: beats, states and hashes of all in earshot. */
const BACKGROUND_SHARE = 0.015;
/** What may be saved up of it, and overdrawn, in ms of airtime. */
const SAVED_MS = 10_000;
const DEBT_MS = 4_000;
/**
 * A mesh that begins has more to tell: a larger share while people are silent, until so much was said; half of what is
 * left is gone after so long.
 */
const BEGIN_SHARE = 0.12;
const GRANT_MS = 600_000;
const GRANT_HALF_MS = 3_600_000;
/** Less than a frame. */
const GRANT_SPENT_MS = 1_000;
/** Those that have most to pass on, at least so many together, may use up what the law leaves them. */
const SPEAKERS = 10;
/** Busier than this, over about a minute, the channel is left to what people wait for. */
const BUSY_SHARE = 0.5;
const BUSY_WINDOW_MS = 60_000;
/** People are not silent when their messages take so much of the channel, over some minutes. */
const PEOPLE_SHARE = 0.02;
const PEOPLE_WINDOW_MS = 300_000;

/** What a frame on the air is for. */
export const Use = { Message: 'message', Upkeep: 'upkeep', Background: 'background' } as const;
export type Use = (typeof Use)[keyof typeof Use];

export const useOf = (type: number): Use =>
  type >= FIRST_FAR_TYPE ? Use.Message : isForEars(type) && type !== FrameType.AlertsHeld ? Use.Background : Use.Upkeep;

/**
 * How busy slow air is, as this node hears it, its own words included: what all in earshot say unasked is held to a
 * share of the channel together, so that who has most to pass on may use what others leave.
 */
export class AirLoad {
  /** Of the channel's time all may use together by law. */
  readonly #lawful: number;
  #busyMs = 0;
  #peopleMs = 0;
  #balanceMs: number;
  #grantMs: number;
  #at = 0;

  /** `dutyCycle`: what the law leaves each node of the time. */
  constructor(dutyCycle = 1) {
    this.#lawful = Math.min(1, SPEAKERS * Math.max(0.001, dutyCycle));
    this.#grantMs = GRANT_MS * this.#lawful;
    this.#balanceMs = SAVED_MS * this.#lawful;
  }

  /** A frame on the air took so long. */
  used(ms: number, use: Use, now: number): void {
    this.#pass(now);
    this.#busyMs += ms;
    if (use === Use.Message) this.#peopleMs += ms;
    if (use !== Use.Background) return;
    this.#grantMs = Math.max(0, this.#grantMs - ms);
    this.#balanceMs = Math.max(-DEBT_MS, this.#balanceMs - ms);
  }

  /** A neighbour holds the same: little is left to tell. */
  agreed(): void {
    this.#grantMs /= 2;
  }

  /** Share of the channel's time that was in use lately, 0 to 1. */
  busy(now: number): number {
    this.#pass(now);
    return Math.min(1, this.#busyMs / BUSY_WINDOW_MS);
  }

  /** When the channel is no busier than it may be with what can wait. */
  quietAt(now: number): number {
    this.#pass(now);
    return now + Math.max(0, Math.log(this.#busyMs / BUSY_WINDOW_MS / BUSY_SHARE)) * BUSY_WINDOW_MS;
  }

  /** When there is airtime to spare for what nobody waits for. */
  opensAt(now: number): number {
    const quietAt = this.quietAt(now);
    if (this.#balanceMs > 0) return quietAt;
    return Math.max(quietAt, now + (1 - this.#balanceMs) / this.#share);
  }

  get #share(): number {
    const isSilent = Math.max(0, 1 - this.#peopleMs / PEOPLE_WINDOW_MS / PEOPLE_SHARE);
    const begins = this.#grantMs > GRANT_SPENT_MS ? (BEGIN_SHARE - BACKGROUND_SHARE) * isSilent : 0;
    return (BACKGROUND_SHARE + begins) * this.#lawful;
  }

  #pass(now: number): void {
    const ms = Math.max(0, now - this.#at);
    this.#at = Math.max(this.#at, now);
    if (ms === 0) return;
    this.#busyMs *= Math.exp(-ms / BUSY_WINDOW_MS);
    this.#peopleMs *= Math.exp(-ms / PEOPLE_WINDOW_MS);
    this.#balanceMs = Math.min(SAVED_MS, this.#balanceMs + ms * this.#share);
    this.#grantMs *= 0.5 ** (ms / GRANT_HALF_MS);
  }
}
