import type { BlePlan, LoraPlan, UdpPlan } from '../carriers.js';
import type { Position } from '../lora/landscape.js';
import type { RegionName } from '../lora/regions.js';
import type { Pair } from '../topologies.js';

/** A local network: fast, a millisecond or three. */
export const udpPlan = (pairs: readonly Pair[], loss = 0): UdpPlan => ({ kind: 'udp', pairs, loss, delayMs: [1, 3] });

export const blePlan = (pairs: readonly Pair[], more: Partial<BlePlan> = {}): BlePlan => ({
  kind: 'ble',
  pairs,
  ...more,
});

export const loraPlan = (positions: readonly Position[], region: RegionName = 'EU868'): LoraPlan => ({
  kind: 'lora',
  preset: 'LongFast',
  region,
  positions,
});
