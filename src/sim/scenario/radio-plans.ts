import type { Random } from '../../ports/random.js';
import type { AnyCarrierPlan } from '../carriers.js';
import type { Position } from '../lora/landscape.js';
import { pairsOf } from './places.js';
import type { ScenarioRadio } from './scenario.js';

/** Where a node stands that has no radio of a network: out of anybody's reach, metres. */
const NOWHERE_M = 1e9;
const SERIAL_DELAY_MS = [1, 3] as const;

const defined = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** Positions for those who have the radio; the others stand nowhere. */
const placesFor = ({ nodes }: ScenarioRadio, places: readonly Position[]): Position[] => {
  const has = new Set(nodes ?? places.keys());
  return places.map((place, i) => (has.has(i) ? place : { x: NOWHERE_M * (i + 1), y: NOWHERE_M }));
};

/** Who reaches whom: by where they are, so that it follows them, or as it is written. */
function reachOf(radio: ScenarioRadio, places: readonly Position[], random: Random) {
  const { rangeM } = radio;
  if (rangeM !== undefined) return { range: { positions: placesFor(radio, places), reachM: rangeM } };
  return { pairs: pairsOf(radio, places, random) };
}

/** What a world is told of a radio of a scenario. */
export function planOf(radio: ScenarioRadio, places: readonly Position[], random: Random): AnyCarrierPlan {
  const { loss, reorder, delayMs, bitsPerSecond, intervalMs, linksMax, preset, region, shadowDb } = radio;
  switch (radio.kind) {
    case 'udp':
      return { kind: 'udp', ...reachOf(radio, places, random), ...defined({ loss, reorder, delayMs, bitsPerSecond }) };
    case 'ble':
      return { kind: 'ble', ...reachOf(radio, places, random), ...defined({ loss, intervalMs, linksMax }) };
    case 'serial': {
      const [delayMinMs, delayMaxMs] = delayMs ?? SERIAL_DELAY_MS;
      return {
        ...{ pairs: [], ...reachOf(radio, places, random) },
        traits: { connected: true, broadcast: false, mtuBytes: 256, bitsPerSecond: bitsPerSecond ?? 92_160 },
        air: { delayMinMs, delayMaxMs, ...defined({ loss, reorder }) },
      };
    }
    case 'lora':
      return {
        kind: 'lora',
        preset: preset ?? 'LongFast',
        region: region ?? 'EU868',
        positions: placesFor(radio, places),
        ...(shadowDb !== undefined && { physics: { shadowDb } }),
      };
  }
}
