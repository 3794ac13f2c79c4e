import { BLE } from '../radio/kinds.mjs';
import { roundTripRow } from '../radio/rows.mjs';

export const bench = roundTripRow({ ...BLE, atBest: BLE.roundTripMs, most: 50 });
