import { UDP } from '../radio/kinds.mjs';
import { throughputRow } from '../radio/rows.mjs';

export const bench = throughputRow({ ...UDP, least: 20_000 });
