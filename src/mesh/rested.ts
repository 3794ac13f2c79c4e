import type { Instant } from '../core/machine.js';

/** 2020: a wall clock that shows less was not set when it was read. Devices without a battery begin at 1970. */
const CLOCK_SET_MS = 1_577_836_800_000;

/**
 * How long ago something was written to disk, ms: nothing when the wall clock was set back since, or was not set then.
 * Taken at its word it would make everything decades old as soon as the clock is set.
 */
export const restedMs = (writtenAtMs: bigint, { wall }: Pick<Instant, 'wall'>): number =>
  writtenAtMs < CLOCK_SET_MS ? 0 : Math.max(0, wall - Number(writtenAtMs));
