import { BLE } from '../radio/kinds.mjs';
import { throughputRow } from '../radio/rows.mjs';

export const bench = throughputRow({ ...BLE, atBest: BLE.throughput, least: 50 });
