import { UDP } from '../radio/kinds.mjs';
import { roundTripRow } from '../radio/rows.mjs';

export const bench = roundTripRow({ ...UDP, most: 2 });
