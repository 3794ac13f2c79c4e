import type { Clock } from '../../ports/clock.js';
import type { HeardFrame, LinkAddress, RadioProbe, RadioTraits, SendResult } from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import { LINE_BITS_PER_BYTE, MIN_QUEUED_MTUS } from './limits.js';
import type { Port } from './port.js';
import type { Tally } from './tally.js';

/** What a line tells the radio. */
export interface LineEvents {
  heard(frames: readonly HeardFrame[]): void;
  linkUp(address: LinkAddress, mtuBytes: number): void;
  linkDown(address: LinkAddress, reason: string): void;
  /** A dongle began or ceased to answer: its air has other traits than the line. */
  air(traits: RadioTraits | undefined): void;
  /** The port is gone. */
  lost(error: Error): void;
}

export interface LineSetup {
  readonly port: Port;
  readonly baud: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly tally: Tally;
  /** This node on a shared air. */
  readonly airAddress: number;
  readonly events: LineEvents;
}

/** One open port in use. */
export interface Line {
  /** What is at the other end, or why nothing is and what mends it. */
  readonly standing: RadioProbe;
  /** Whether somebody was heard who speaks our protocol. */
  readonly answered: boolean;
  start(): void;
  send(frame: Uint8Array, to: LinkAddress | undefined): SendResult;
  drop(address: LinkAddress): void;
  /** Says goodbye, tells that its link is down, and closes the port. */
  close(): Promise<void>;
}

export const bytesPerSecond = (bitsPerSecond: number): number => bitsPerSecond / LINE_BITS_PER_BYTE;

/** Room in a queue that holds so much time of the line, and never less than a few whole frames. */
export const queueBytes = (perSecond: number, ms: number, mtuBytes: number): number =>
  Math.max(MIN_QUEUED_MTUS * mtuBytes, Math.ceil((perSecond * ms) / 1_000));
