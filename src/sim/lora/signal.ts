/** What becomes of a signal at one receiver. */
export const Fate = {
  Clear: 'clear',
  /** Too weak to be understood, strong enough to be in the way. */
  Weak: 'weak',
  /** The receiver was transmitting. */
  Deaf: 'deaf',
  Collided: 'collided',
  /** The transmitter or the receiver failed on the way. */
  Cut: 'cut',
} as const;
export type Fate = (typeof Fate)[keyof typeof Fate];

/** One frame as it arrives at one receiver. */
export interface Signal {
  readonly to: number;
  readonly powerDbm: number;
  readonly startAt: number;
  /** When the last symbols of the preamble begin that a receiver needs: from here on it must be undisturbed. */
  readonly lockAt: number;
  readonly endAt: number;
  readonly decodable: boolean;
  fate: Fate;
  /** Another was in the air with it, and it prevailed. */
  contested: boolean;
}

const lose = (signal: Signal): void => {
  if (signal.fate === Fate.Clear) signal.fate = Fate.Collided;
};

/**
 * Two signals at one receiver, `later` just beginning; LoRaSim's rules for one channel and one spreading factor: the
 * earlier is over before the later needs the receiver, or the one stronger by `captureDb` prevails, or both are lost.
 */
export function meet(earlier: Signal, later: Signal, captureDb: number): void {
  if (earlier.endAt <= later.lockAt) return;
  const differenceDb = later.powerDbm - earlier.powerDbm;
  earlier.contested = true;
  later.contested = true;
  if (differenceDb < captureDb) lose(later);
  if (differenceDb > -captureDb) lose(earlier);
}
