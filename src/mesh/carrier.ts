import type { RadioTraits } from '../ports/radio.js';
import type { Priority } from '../wire/frame-types.js';
import { AirLoad } from './air-load.js';
import { AirShares } from './air-shares.js';
import { AirtimeBudget } from './airtime-budget.js';
import { AirtimeShare } from './airtime-share.js';
import { Pace } from './pace.js';

/** A radio as the engine sees it. */
export interface Carrier {
  readonly index: number;
  readonly name: string;
  readonly traits: RadioTraits;
  /** When the transmitter takes the next frame. */
  readonly pace: Pace;
  /** What may be said that nobody waits for: states and beats passed on, comparisons. */
  readonly background: AirtimeShare;
  /** What its duty cycle leaves. */
  readonly budget: AirtimeBudget;
  /** What is said on it by all in earshot. */
  readonly load: AirLoad;
  /** Who takes how much of it, where it is slow air. */
  readonly shares: AirShares;
  up: boolean;
  /** Links over it that are up. */
  linksUp: number;
  /** When a frame last came whose tag is of another key: another mesh, or not this one's members. Monotonic ms. */
  foreignAt: number | undefined;
}

/** Share of the channel that states, beats and comparisons take in the long run: of one that all in earshot share, and of lines that are this node's own. */
const BACKGROUND_SHARE = 0.015;
const BACKGROUND_LINE_SHARE = 0.1;

export const makeCarrier = (index: number, name: string, traits: RadioTraits): Carrier => ({
  index,
  name,
  traits,
  pace: new Pace(traits.bitsPerSecond, traits.frameOverheadMs),
  background: new AirtimeShare(capacityOf(traits) * (traits.broadcast ? BACKGROUND_SHARE : BACKGROUND_LINE_SHARE)),
  budget: new AirtimeBudget(traits.dutyCycle),
  load: new AirLoad(traits.dutyCycle),
  shares: new AirShares(),
  up: true,
  linksUp: 0,
  foreignAt: undefined,
});

/** How many speak on the channel: all in earshot where it is shared, this node alone on a line of its own. */
export const speakers = (traits: RadioTraits, links: number): number => (traits.broadcast ? links + 1 : 1);

/** Whether several nodes share a channel so slow that each word counts. */
export const isSlowAir = ({ traits, pace }: Carrier): boolean => traits.broadcast && pace.isPaced;

/** Bits a second that the carrier takes in the long run. */
export const capacityOf = ({ bitsPerSecond, dutyCycle }: RadioTraits): number =>
  Math.max(1, bitsPerSecond * Math.min(1, Math.max(0.001, dutyCycle)));

/** When the carrier takes this frame: its transmitter and what the law leaves of the hour. */
export const readyAt = ({ budget, pace, traits }: Carrier, priority: Priority, frame: Uint8Array): number =>
  Math.max(pace.readyAt(), budget.opensAt(priority, airtimeMs(traits, frame.length)));

/** The same for what goes to all, whose length is known only when it goes. */
export const openAt = ({ budget, pace, traits }: Carrier, priority: Priority): number =>
  Math.max(pace.readyAt(), budget.opensAt(priority, 0, airtimeMs(traits, traits.mtuBytes)));

/** How long a frame of so many bytes occupies the carrier, in ms. */
export const airtimeMs = (
  { bitsPerSecond, frameOverheadMs = 0 }: Pick<RadioTraits, 'bitsPerSecond' | 'frameOverheadMs'>,
  bytes: number,
): number => frameOverheadMs + (bytes * 8_000) / Math.max(1, bitsPerSecond);
