import { SERIAL } from '../radio/kinds.mjs';
import { throughputRow } from '../radio/rows.mjs';

export const bench = throughputRow({ ...SERIAL, atBest: SERIAL.throughput, least: 10 });
