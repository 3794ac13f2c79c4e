import type { World } from '../world.js';
import { DeliveryChecker } from './deliveries.js';
import { Findings } from './findings.js';
import { LimitChecker } from './limits.js';
import { LoopChecker } from './loops.js';
import { RecordChecker } from './records.js';
import { ViewChecker } from './views.js';

export interface Watched {
  readonly findings: Findings;
  readonly deliveries: DeliveryChecker;
}

/** Puts every checker on a world. Call before the first node starts. */
export function watchAll(world: World): Watched {
  const findings = new Findings();
  const deliveries = new DeliveryChecker(world, findings);
  world.watch(
    deliveries,
    new LimitChecker(world, findings),
    new LoopChecker(world, findings),
    new ViewChecker(world, findings),
    new RecordChecker(world, findings),
  );
  return { findings, deliveries };
}
