import { bleHops } from './ble-hops.js';
import { detect } from './detect.js';
import { floodAttack } from './flood-attack.js';
import type { Experiment } from './goal-row.js';
import { idle } from './idle.js';
import { loraFloodRows } from './lora-flood.js';
import { misroute } from './misroute.js';
import { overhead } from './overhead.js';
import { simSpeed } from './sim-speed.js';

/** The mesh rows of the goals. What must have the machine to itself comes last. */
export const EXPERIMENTS: readonly Experiment[] = [
  loraFloodRows,
  overhead,
  bleHops,
  detect,
  idle,
  floodAttack,
  misroute,
  simSpeed,
];
