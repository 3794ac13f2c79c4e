import type { RadioCounters } from '../../ports/radio.js';

/** The counters of a radio while they count; they outlive a port. */
export type Tally = { -readonly [Name in keyof RadioCounters]: RadioCounters[Name] };

export const emptyTally = (): Tally => ({ framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 });
