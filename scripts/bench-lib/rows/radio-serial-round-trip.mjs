import { SERIAL } from '../radio/kinds.mjs';
import { roundTripRow } from '../radio/rows.mjs';

export const bench = roundTripRow({ ...SERIAL, atBest: SERIAL.roundTripMs, most: 70 });
